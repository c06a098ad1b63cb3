"""Bounds how often a client may ask (draft-ietf-httpapi-ratelimit-headers-10).

Who sends a token is counted by it, others by their address; a token that is not valid
counts against the address, so that nobody can guess in peace.
"""

import hashlib
import logging
import time
from contextlib import suppress
from dataclasses import dataclass

from flask import Flask, Response, g, request
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from app.errors import TooManyRequests
from app.settings import Settings

LOG = logging.getLogger("sirenhall")

UNAUTHORIZED = 401
POLICY = "default"


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much is left of how much, and for how many seconds."""

    quota: int
    window: int
    left: int
    seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """The fields of the draft."""
        return {
            "RateLimit-Policy": f'"{POLICY}";q={self.quota};w={self.window}',
            "RateLimit": f'"{POLICY}";r={self.left};t={self.seconds}',
        }


class Limiter:
    """Counts requests; what it counts in is shared by all threads, or by Redis."""

    def __init__(self, rate: str, storage: str) -> None:
        self.item: RateLimitItem = parse(rate)
        kept = storage_from_string(storage, wrap_exceptions=True)
        self.strategy = FixedWindowRateLimiter(kept)

    def hit(self, key: str) -> Allowance:
        """Count a request. Raises `TooManyRequests`."""
        is_allowed = self.strategy.hit(self.item, key)
        allowance = self.allowance(key)
        if not is_allowed:
            raise _too_many(allowance)
        return allowance

    def ensure_left(self, key: str) -> None:
        """Refuse a request without counting it. Raises `TooManyRequests`."""
        if not self.strategy.test(self.item, key):
            raise _too_many(self.allowance(key))

    def allowance(self, key: str) -> Allowance:
        """Tell what is left."""
        stats = self.strategy.get_window_stats(self.item, key)
        seconds = max(0, int(stats.reset_time - time.time()) + 1)
        item = self.item
        return Allowance(
            item.amount, item.get_expiry(), max(0, stats.remaining), seconds
        )


def _too_many(allowance: Allowance) -> TooManyRequests:
    return TooManyRequests(
        f"over {allowance.quota} requests in {allowance.window} seconds; try again in "
        f"{allowance.seconds} seconds",
        headers={"Retry-After": str(allowance.seconds), **allowance.headers},
    )


def register(app: Flask, settings: Settings) -> None:
    """Count every request, where there is a limit."""
    rate = settings.effective_rate_limit
    if not rate:
        return
    limiter = Limiter(rate, settings.rate_limit_storage)

    @app.before_request
    def _count() -> None:
        # Preflights are the browser's, not the client's.
        if request.method == "OPTIONS":
            return
        try:
            _count_one()
        except StorageError as error:
            # A shop that sells without a limit is better than one that is shut.
            LOG.error("rate limits cannot be counted: %s", error.storage_error)  # noqa: TRY400 - no trace, at each request

    def _count_one() -> None:
        address = f"address {request.remote_addr}"
        token = request.environ.get("HTTP_AUTHORIZATION")
        if token is None:
            g.allowance = limiter.hit(address)
            return
        limiter.ensure_left(address)
        # Written otherwise, it is the same token.
        bare = token.split()[-1:] or [""]
        digest = hashlib.sha256(bare[0].encode("utf-8", "replace")).hexdigest()
        g.allowance = limiter.hit(f"token {digest}")

    @app.after_request
    def _tell(response: Response) -> Response:
        if (
            response.status_code == UNAUTHORIZED
            and "HTTP_AUTHORIZATION" in request.environ
        ):
            with suppress(StorageError):
                limiter.strategy.hit(limiter.item, f"address {request.remote_addr}")
        allowance: Allowance | None = g.get("allowance")
        if allowance is not None:
            response.headers.update(allowance.headers)
        return response
