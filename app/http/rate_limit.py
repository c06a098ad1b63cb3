"""Bounds how often a client may ask (draft-ietf-httpapi-ratelimit-headers-10).

Who has sent a valid token is counted by it, others by their address, so that nobody
can guess in peace, or gain a quota with each invented token.
"""

import hashlib
import logging
import time
from contextlib import suppress
from dataclasses import dataclass

from flask import Flask, Response, g, request
from limits import RateLimitItem, parse
from limits.errors import ConfigurationError as LimitsError
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from app.errors import ConfigurationError, TooManyRequests
from app.settings import Settings

LOG = logging.getLogger("sirenhall")

POLICY = "default"
MAX_KNOWN = 10_000


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

        self.known: dict[str, None] = {}

    def learn(self, digest: str) -> None:
        """Remember a token that was valid; the oldest of many are forgotten."""
        if len(self.known) >= MAX_KNOWN:
            self.known.pop(next(iter(self.known)), None)
        self.known[digest] = None

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


def make(rate: str, storage: str) -> Limiter:
    """Make the limiter. Raises `ConfigurationError` where its driver is missing."""
    try:
        return Limiter(rate, storage)
    except LimitsError as error:
        raise ConfigurationError(
            "counting in Redis needs its driver: pip install 'sirenhall[redis]'"
        ) from error


def _too_many(allowance: Allowance) -> TooManyRequests:
    return TooManyRequests(
        f"over {allowance.quota} requests in {allowance.window} seconds; try again in "
        f"{allowance.seconds} seconds",
        headers={"Retry-After": str(allowance.seconds), **allowance.headers},
    )


def register(app: Flask, settings: Settings) -> None:
    """Count every request. Raises `ConfigurationError`."""
    limiter = make(settings.effective_rate_limit, settings.rate_limit_storage)

    @app.before_request
    def _before() -> None:
        # Preflights are the browser's, not the client's.
        if request.method == "OPTIONS":
            return
        try:
            _count(limiter)
        except StorageError as error:
            # A shop that sells without a limit is better than one that is shut.
            LOG.error("rate limits cannot be counted: %s", error.storage_error)  # noqa: TRY400 - no trace, at each request

    @app.after_request
    def _tell(response: Response) -> Response:
        with suppress(StorageError):
            _settle(limiter)
        allowance: Allowance | None = g.get("allowance")
        if allowance is not None:
            response.headers.update(allowance.headers)
        return response


def _settle(limiter: Limiter) -> None:
    """Count a request whose token was not known when it came."""
    digest = g.pop("unknown", None)
    if digest is None:
        return
    is_valid = "principal" in vars(g.call)
    key = f"token {digest}" if is_valid else _address()
    if is_valid:
        limiter.learn(digest)
    limiter.strategy.hit(limiter.item, key)
    g.allowance = limiter.allowance(key)


def _count(limiter: Limiter) -> None:
    digest = _digest(request.environ.get("HTTP_AUTHORIZATION"))
    if digest is None:
        g.allowance = limiter.hit(_address())
        return
    limiter.ensure_left(_address())
    if digest in limiter.known:
        g.allowance = limiter.hit(f"token {digest}")
    else:
        # Whether it is one will be known when the request is done.
        g.unknown = digest


def _address() -> str:
    return f"address {request.remote_addr}"


def _digest(authorization: str | None) -> str | None:
    """Name a token; written otherwise, it is the same one."""
    if authorization is None:
        return None
    bare = authorization.split()[-1:] or [""]
    return hashlib.sha256(bare[0].encode("utf-8", "replace")).hexdigest()
