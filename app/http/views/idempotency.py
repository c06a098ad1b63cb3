"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-06), on every POST.

The first outcome of a key is kept for a day and replayed. What had no effect (a
refusal) is not kept: it can be sent again, mended, under the same key.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from flask import Response

from app.database import Transaction
from app.errors import BadRequest, Conflict, RequestError
from app.http.bodies.body_reader import Body
from app.http.context import RequestContext
from app.http.headers.structured_fields import parse_item
from app.http.responses import build_response
from app.services import idempotency
from app.services.idempotency import StoredOutcome

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
MAX_KEY = 255

# A string by the draft; most clients leave the quotes out.
_BARE_KEY = re.compile(r'(?!")[!-~]+', re.ASCII)
# What belongs to the outcome; the rest is of the moment.
_KEPT_HEADERS = ("Content-Type", "Location", "ETag", "Last-Modified", "Link")


class Replay(Exception):
    """The effect is there already; this is its answer."""

    def __init__(self, response: Response) -> None:
        self.response = response
        super().__init__("replayed")


class IdempotentRequest:
    """One request under a key; without a key, each method does nothing."""

    def __init__(self, context: RequestContext, key: str, caller: str = "") -> None:
        self.context = context
        # The same key may be used for different resources and by different callers.
        path = f"{context.request.method} {context.request.path}"
        self._named = f"{caller}\n{path}\n{key}".encode()
        self.digest = hashlib.sha256(self._named).hexdigest() if key else ""
        self.caller = hashlib.sha256(caller.encode()).hexdigest()
        self.request_digest = ""
        self.first: StoredOutcome | None = None
        self._is_begun = False

    @property
    def has_key(self) -> bool:
        """Whether a key was sent, so that the response is stored with its effect."""
        return bool(self.digest)

    @property
    def _sealed(self) -> "Fernet":
        from cryptography.fernet import Fernet

        # An answer may hold a token, and those are stored nowhere in clear.
        secret = self.context.installation.secret_key
        key = hmac.digest(secret, b"seal\n" + self._named, "sha256")
        return Fernet(base64.urlsafe_b64encode(key))

    def read(self, body: Body) -> None:
        """Digest what was sent. Raise `Replay` if it was answered, or `Invalid`."""
        if not self.digest:
            return
        self.request_digest = body.fingerprint()
        self.context.release_connection()
        database = self.context.installation.database
        self.first = idempotency.claim_key(database, self.digest, self.caller)
        self._is_begun = True
        if self.first is not None:
            self._replay(self.first)

    def store_response(
        self, tx: Transaction, response: Response, *, seconds: int = idempotency.KEPT
    ) -> Response:
        """Store the response in the transaction of its effect, and return it."""
        if not self.digest:
            return response
        # The lease may have expired while this request ran, and a retry may have
        # finished first.
        other = idempotency.find_outcome(tx, self.digest)
        if other is not None:
            self._replay(other)
        headers = {
            n: response.headers[n] for n in _KEPT_HEADERS if n in response.headers
        }
        outcome = StoredOutcome(
            self.request_digest,
            response.status_code,
            json.dumps(headers),
            self._sealed.encrypt(response.get_data()),
        )
        idempotency.store_outcome(tx, self.digest, self.caller, outcome, seconds)
        return response

    def release_key(self) -> None:
        """Release the key: the request had no effect and may be sent again."""
        if self._is_begun and self.first is None:
            self.context.release_connection()
            idempotency.release_key(self.context.installation.database, self.digest)

    def _replay(self, outcome: StoredOutcome) -> None:
        idempotency.ensure_same(outcome, self.request_digest)
        from cryptography.fernet import InvalidToken

        try:
            # The key is derived from the Idempotency-Key, so the database alone reveals
            # nothing.
            body = self._sealed.decrypt(outcome.body)
        except InvalidToken:
            raise Conflict(
                "the answer to this Idempotency-Key was kept under another secret key "
                "(SIRENHALL_SECRET_KEY)"
            ) from None
        response = build_response(self.context, body, outcome.status)
        if "Content-Type" not in (kept := json.loads(outcome.headers)):
            del response.headers["Content-Type"]
        response.headers.update(kept)
        response.headers[REPLAYED] = "true"
        raise Replay(response)


@contextmanager
def idempotent(
    context: RequestContext, caller: str | None = None
) -> Iterator[IdempotentRequest]:
    """Run a request at most once. Raise `BadRequest` for what is no key.

    `caller` says who sends it, where that is not who its token stands for.
    """
    sent = context.request.environ.get("HTTP_IDEMPOTENCY_KEY")
    if sent is None:
        yield IdempotentRequest(context, "")
        return
    key = _key(sent.strip())
    who = context.principal.caller if caller is None else caller
    state = IdempotentRequest(context, key, who)
    try:
        yield state
    except RequestError:
        # Whether a commit came to pass is not known of what is no refusal.
        state.release_key()
        raise


def _key(sent: str) -> str:
    """Return the key of a header's value. Raise `BadRequest`."""
    key: object = sent if _BARE_KEY.fullmatch(sent) else None
    if sent.startswith('"'):
        with suppress(ValueError):
            key, _ = parse_item(sent)
    if not isinstance(key, str) or not 1 <= len(key) <= MAX_KEY:
        raise BadRequest(
            f"{HEADER} must be of 1 to {MAX_KEY} visible ASCII characters, such as a "
            "UUID in quotes"
        )
    return key
