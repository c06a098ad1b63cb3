"""Rate limits (draft-ietf-httpapi-ratelimit-headers-10).

Attempts to guess secrets have a limit of their own: requests for tokens, wrong tokens,
and unknown links.

Requests with a valid token are counted by the token, others by the client's address.
So an invented token neither hides the address nor brings a quota of its own.
"""

import hashlib
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, g, request
from limits import RateLimitItem, parse
from limits.errors import ConfigurationError as LimitsError
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from app.errors import (
    ConfigurationError,
    Invalid,
    TooManyRequests,
    Unauthorized,
    UnknownLink,
)
from app.http.client_address import network_of
from app.http.paths import DOWNLOAD, SIGN_IN, TOKEN, UPLOADS
from app.log_throttle import Throttle
from app.services.principal import Principal
from app.settings import Settings

OUTAGE = Throttle("sirenhall", seconds=1)

REQUESTS, ATTEMPTS, PASSWORDS = "default", "attempts", "passwords"
"""The names of the policies."""

COUNTED = {REQUESTS: "requests", ATTEMPTS: "attempts", PASSWORDS: "wrong passwords"}
LINKS = (f"{DOWNLOAD}/", f"{UPLOADS}/")
GUESSED = (*LINKS, f"{SIGN_IN}/")
"""Where something that is secret may be guessed, besides tokens."""

CREDENTIALS = ("HTTP_AUTHORIZATION", "HTTP_ACCESS_TOKEN", "HTTP_X_MANAGER_TOKEN")
MAX_KNOWN = 10_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """A client's quota: the rest, the limit, and the seconds until it is reset."""

    quota: int
    window: int
    left: int
    seconds: int
    policy: str = REQUESTS

    @property
    def counted(self) -> str:
        """The name of what is counted, for messages."""
        return COUNTED[self.policy]

    @property
    def headers(self) -> dict[str, str]:
        """The fields of the draft."""
        return {
            "RateLimit-Policy": f'"{self.policy}";q={self.quota};w={self.window}',
            "RateLimit": f'"{self.policy}";r={self.left};t={self.seconds}',
        }


class Limiter:
    """Counts requests; what it counts in is shared by all threads, or by Redis."""

    def __init__(self, rate: str, storage: str, policy: str) -> None:
        self.policy = policy
        self.item: RateLimitItem = parse(rate)
        kept = storage_from_string(storage, wrap_exceptions=True)
        # One counter per client and window; a sliding window would keep every request's
        # time.
        self.strategy = FixedWindowRateLimiter(kept)

        # Digests, so that a memory dump shows no tokens.
        self.known: dict[str, str] = {}
        self._learning = threading.Lock()

    def learn(self, digest: str, principal: Principal) -> str:
        """Remember a token that was valid, and return the key that it is counted by.

        The oldest of many are forgotten.
        """
        key = f"token {principal.token_id}"
        with self._learning:
            # Dictionaries keep insertion order, so the first key is the oldest.
            if len(self.known) >= MAX_KNOWN:
                del self.known[next(iter(self.known))]
            self.known[digest] = key
        return key

    def count(self, key: str) -> bool:
        """Count a request; False if it was one too many."""
        return self.strategy.hit(self.item, self.policy, key)

    def hit(self, key: str) -> Allowance:
        """Count a request. Raise `TooManyRequests`."""
        is_allowed = self.count(key)
        allowance = self.allowance(key)
        if not is_allowed:
            raise _too_many(allowance)
        return allowance

    def ensure_left(self, key: str) -> None:
        """Raise `TooManyRequests` for a request without counting it."""
        if not self.strategy.test(self.item, self.policy, key):
            raise _too_many(self.allowance(key))

    def allowance(self, key: str) -> Allowance:
        """Return the remaining allowance."""
        stats = self.strategy.get_window_stats(self.item, self.policy, key)
        # Rounded up: a client that waits exactly this long must not be refused again.
        seconds = max(0, int(stats.reset_time - time.time()) + 1)
        item = self.item
        return Allowance(
            item.amount,
            item.get_expiry(),
            max(0, stats.remaining),
            seconds,
            self.policy,
        )


def make_limiter(rate: str, storage: str, policy: str = REQUESTS) -> Limiter:
    """Create the limiter. Raise `ConfigurationError` where its driver is missing."""
    try:
        return Limiter(rate, storage, policy)
    except LimitsError as error:
        raise ConfigurationError(
            "counting in Redis needs its driver: pip install 'sirenhall[redis]'"
        ) from error


def _too_many(allowance: Allowance) -> TooManyRequests:
    return TooManyRequests(
        f"over {allowance.quota} {allowance.counted} in {allowance.window} seconds; "
        f"try again in {allowance.seconds} seconds",
        headers=allowance.headers,
        retry_after=allowance.seconds,
    )


def register_rate_limit(app: Flask, settings: Settings) -> None:
    """Count every request, preflights included. Raise `ConfigurationError`."""
    storage = settings.rate_limit_storage
    requests = _limiter(settings.effective_rate_limit, storage)
    attempts = _limiter(settings.effective_attempts_limit, storage, ATTEMPTS)

    @app.before_request
    def _count_request() -> None:
        try:
            if attempts:
                _count_attempt(attempts)
            if requests:
                _count(requests)
        except StorageError as error:
            _warn(error)

    @app.after_request
    def _add_headers(response: Response) -> Response:
        with suppress(StorageError):
            if attempts:
                _settle_attempt(attempts, response.status_code)
            if requests:
                _count_by_address(requests)
        allowance: Allowance | None = g.get("allowance")
        if allowance is not None:
            response.headers.update(allowance.headers)
        return response


def _warn(error: StorageError) -> None:
    # A shop that sells without a limit is better than one that is shut.
    OUTAGE.log(f"rate limits cannot be counted: {error.storage_error}")


def _limiter(rate: str, storage: str, policy: str = REQUESTS) -> Limiter | None:
    return make_limiter(rate, storage, policy) if rate else None


def ensure_within_limit(principal: Principal) -> None:
    """Count a request whose token was not known when it came, by its token.

    Raise `TooManyRequests`: a header that says nothing makes no new quota.
    """
    limiter, digest = g.pop("unknown", (None, ""))
    if limiter is None:
        return
    try:
        g.allowance = limiter.hit(limiter.learn(digest, principal))
    except StorageError as error:
        _warn(error)


def _count_by_address(limiter: Limiter) -> None:
    """Count a request by its address, where its token was none."""
    if g.pop("unknown", None) is not None:
        limiter.count(_client())
        g.allowance = limiter.allowance(_client())


def _count(limiter: Limiter) -> None:
    digest = _credential(request.environ)
    if digest is not None and digest in limiter.known:
        g.allowance = limiter.hit(limiter.known[digest])
    elif digest is None:
        g.allowance = limiter.hit(_client())
    else:
        # Whether it is one will be known once it is looked up.
        limiter.ensure_left(_client())
        g.unknown = limiter, digest


def _count_attempt(attempts: Limiter) -> None:
    """Count a request for a token; refuse one that may be another wrong guess."""
    path = f"{request.path}/"
    if path.startswith(f"{TOKEN}/"):
        # Each request for a token is a guess, whether it succeeds or not.
        attempts.hit(_client())
        return
    digest = _credential(request.environ)
    is_unknown = digest is not None and digest not in attempts.known
    if path.startswith(GUESSED) or is_unknown:
        attempts.ensure_left(_client())
    if is_unknown:
        # Counted in `_settle_attempt`, once it is known whether the token was wrong.
        g.attempted = digest


def _settle_attempt(attempts: Limiter, status: int) -> None:
    """Count a request that was a wrong guess; learn a token that was none."""
    digest = g.pop("attempted", None)
    principal = g.context.known_principal
    is_wrong = digest is not None and status == Unauthorized.status
    if digest is not None and principal is not None and not is_wrong:
        attempts.learn(digest, principal)
    path = f"{request.path}/"
    is_link = path.startswith(LINKS) and status == UnknownLink.status
    is_sign_in = path.startswith(f"{SIGN_IN}/") and status == Invalid.status
    if is_wrong or is_link or is_sign_in:
        attempts.count(_client())


def _client() -> str:
    address = request.remote_addr or ""
    return f"address {network_of(address) or address}"


def _credential(environ: Mapping[str, Any]) -> str | None:
    """Return a digest of what was sent as a token, in whichever header."""
    sent = [str(environ[key]) for key in CREDENTIALS if key in environ]
    if not sent:
        return None
    # All headers together: a valid token beside a wrong one must not hide the guess.
    return hashlib.sha256("\n".join(sent).encode("utf-8", "replace")).hexdigest()
