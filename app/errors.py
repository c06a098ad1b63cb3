"""The exception tree: each class has a status, a problem type and a message.

    SirenhallError
    ├── ConfigurationError      the operator's
    └── RequestError            the client's, answered in the format it asked for
        ├── BadRequest              400
        ├── DigestMismatch          400
        ├── Unauthorized            401
        ├── Forbidden               403
        ├── NotFound                404
        ├── UnknownLink             404
        ├── NotAcceptable           406
        ├── RequestTimeout          408
        ├── Conflict                409
        ├── LinkExpired             410
        ├── PurchaseRevoked         410
        ├── PurchaseExpired         410
        ├── DownloadWindowOver      410
        ├── DownloadsUsedUp         410
        ├── PreconditionFailed      412
        ├── TooLarge                413
        ├── UnsupportedMediaType    415
        ├── RangeNotSatisfiable     416
        ├── ExpectationFailed       417
        ├── Invalid                 422
        ├── Locked                  423
        ├── PreconditionRequired    428
        ├── TooManyRequests         429
        ├── HeaderTooLarge          431
        ├── ChecksumMismatch        460
        ├── Unavailable             503
        │   └── Disconnected        503
        ├── FileNotThere            503
        ├── NotPrefetched           503
        └── InsufficientStorage     507

It knows no HTTP beyond the status numbers; `app/http/error_handler.py` renders it.

Tested in `tests/http/test_error_handler.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from schemas.base.errors import FieldError


class SirenhallError(Exception):
    """The root of all errors that Sirenhall raises itself."""


def cause_of(error: BaseException) -> str:
    """Return the driver's own reason in one line.

    SQLAlchemy adds the statement and its parameters, which may be secrets.
    """
    cause = error.__cause__ or error
    cause = getattr(cause, "orig", None) or cause
    return " ".join(str(cause).split())


class ConfigurationError(SirenhallError):
    """A setting or the machine is not as it has to be; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a request; `property` is empty where no property is meant.

    `logged` is what the log says instead, where the message repeats what was sent.
    """

    message: str
    code: str
    property: str = ""
    logged: str = ""


class RequestError(SirenhallError):
    """A request that cannot be fulfilled, with everything that is wrong with it."""

    status: ClassVar[int]
    code: ClassVar[str]
    advice: ClassVar[str]
    """What a client can do about it."""

    def __init__(
        self,
        message: str = "",
        *,
        problems: Sequence[Problem] = (),
        headers: Mapping[str, str] | None = None,
        retry_after: int | None = None,
    ) -> None:
        # There is always at least one problem, so no format has to deal with none.
        self.problems = tuple(problems) or (Problem(message, self.code),)
        self.headers = dict(headers or {})
        self.retry_after = retry_after
        """Seconds after which the same request may succeed, None if that is unknown."""
        super().__init__("; ".join(problem.message for problem in self.problems))

    @property
    def is_refusal(self) -> bool:
        """Whether the request was refused, so that nothing was changed for certain."""
        return self.status < 500  # noqa: PLR2004


class BadRequest(RequestError):
    """The request cannot be understood."""

    status = 400
    code = "bad_request"
    advice = (
        "The message names what cannot be read, and where. Sent again "
        "unchanged, the request will fail again."
    )


class Unauthorized(RequestError):
    """No valid token came with the request."""

    status = 401
    code = "invalid_token"
    advice = (
        "Send Authorization: Bearer with a valid token. One that has expired is "
        "renewed with its refresh_token at the token endpoint."
    )


class Forbidden(RequestError):
    """The token is valid, but its scope does not allow this."""

    status = 403
    code = "insufficient_scope"
    advice = (
        "Use a token whose scope allows it; the message names the scope that is needed."
    )


class NotFound(RequestError):
    """There is no such resource, or none that the token may see.

    The message is made where it is rendered, from the request alone, so that the
    two cases cannot be told apart.
    """

    status = 404
    code = "not_found"
    advice = (
        "Follow links rather than building addresses. What belongs to another "
        "store looks like what does not exist."
    )


class UnknownLink(RequestError):
    """This download link is not valid."""

    status = 404
    code = "unknown_download_link"
    advice = (
        "Check that you copied the whole link: e-mail programs may break it at the end "
        "of a line. If it still fails, ask the shop to send it again."
    )


class NotAcceptable(RequestError):
    """No representation suits the Accept header or the format parameter."""

    status = 406
    code = "not_acceptable"
    advice = (
        "Ask for one of the formats that the answer links as alternate, or for */*."
    )


class RequestTimeout(RequestError):
    """The body of the request came too slowly (RFC 9110, section 15.5.9)."""

    status = 408
    code = "request_timeout"
    advice = (
        "Send the request again over a faster connection. A large file can be sent in "
        "pieces: see fx:create_upload_url."
    )


class Conflict(RequestError):
    """The request contradicts what is there."""

    status = 409
    code = "conflict"
    advice = (
        "Get the resource again, look at what has changed or is in the way, and "
        "decide anew."
    )

    @classmethod
    def about(cls, name: str, message: str) -> "Conflict":
        """Return a conflict about the value of a property."""
        return cls(problems=[Problem(message, "taken", name)])


class LinkExpired(RequestError):
    """This link has expired."""

    status = 410
    code = "link_expired"
    advice = "Go back to where you got it from: the shop can make a new one."


class PurchaseRevoked(RequestError):
    """The store has withdrawn this purchase."""

    status = 410
    code = "purchase_revoked"
    advice = (
        "Contact the shop and mention your order number. It can restore the purchase."
    )


class PurchaseExpired(RequestError):
    """The download period of this purchase has ended."""

    status = 410
    code = "purchase_expired"
    advice = (
        "Contact the shop and mention your order number. It can give you more time."
    )


class DownloadWindowOver(RequestError):
    """The hours in which this purchase could be downloaded have passed."""

    status = 410
    code = "download_window_over"
    advice = (
        "Contact the shop and mention your order number. It can give you more time."
    )


class DownloadsUsedUp(RequestError):
    """All downloads of this purchase have been used."""

    status = 410
    code = "downloads_used_up"
    advice = (
        "Contact the shop and mention your order number. It can allow more downloads."
    )


class PreconditionFailed(RequestError):
    """A condition in the request's headers does not hold (RFC 9110, 13.1)."""

    status = 412
    code = "precondition_failed"
    advice = (
        "The resource has changed since you got it. Get it again, and send its "
        "new ETag."
    )


class PreconditionRequired(RequestError):
    """A change must say which version it is about (RFC 6585); the operator wants it."""

    status = 428
    code = "precondition_required"
    advice = "Send If-Match with the ETag of the version that you want to change."


class TooLarge(RequestError):
    """The body or one of its parts is over a limit, which the message names."""

    status = 413
    code = "too_large"
    advice = "The message names the limit and the setting that an operator can raise."


class UnsupportedMediaType(RequestError):
    """The body is of a type that is not read here."""

    status = 415
    code = "unsupported_media_type"
    advice = "Send the body as one of the types in Accept-Post or Accept-Patch."


class RangeNotSatisfiable(RequestError):
    """No requested range lies inside the file."""

    status = 416
    code = "range_not_satisfiable"
    advice = "Content-Range tells how long the file is."


class Invalid(RequestError):
    """The body was understood, and its properties are not right."""

    status = 422
    code = "invalid"
    advice = (
        "Each error names a property, what is wrong with it, and what would be "
        "right. Nothing was changed."
    )

    @classmethod
    def of(cls, errors: Sequence[FieldError]) -> "Invalid":
        """Join all field errors, one for each property."""
        return cls(problems=[Problem(e.message, e.code, e.property) for e in errors])


class Locked(RequestError):
    """Another request is at it."""

    status = 423
    code = "locked"
    advice = "Try again after the seconds in Retry-After."


class ExpectationFailed(RequestError):
    """The request expects what this server does not do (RFC 9110, section 10.1.1)."""

    status = 417
    code = "expectation_failed"
    advice = "Send no Expect header, or Expect: 100-continue."


class DigestMismatch(RequestError):
    """The body has another digest than the request says (RFC 9530)."""

    status = 400
    code = "digest-mismatch"
    advice = (
        "Send it again: nothing of it was kept. If it fails again, compute the digest "
        "of the bytes that are sent."
    )


class ChecksumMismatch(RequestError):
    """A piece of an upload has another checksum (tus 1.0, checksum extension)."""

    status = 460
    code = "checksum_mismatch"
    advice = "Send it again: nothing of it was kept."


class TooManyRequests(RequestError):
    """The client sends more requests than it may in that time (RFC 6585)."""

    status = 429
    code = "too_many_requests"
    advice = (
        "Wait for the seconds in Retry-After; RateLimit tells how much is left, so "
        "that a client need not run into it."
    )


class HeaderTooLarge(RequestError):
    """A header field is longer than the server reads (RFC 6585, section 5)."""

    status = 431
    code = "header_too_large"
    advice = "Send a shorter header field; the message names it and the limit."


class Unavailable(RequestError):
    """The server cannot do it just now; the client may try again."""

    status = 503
    code = "unavailable"
    advice = "Try again after the seconds in Retry-After."


class Disconnected(Unavailable):
    """The database went away, perhaps in the middle of a commit."""


class FileNotThere(RequestError):
    """The store has not put the file there yet, or the server has lost it."""

    status = 503
    code = "file_not_there"
    advice = "Try again later, or contact the shop and mention your order number."


class NotPrefetched(RequestError):
    """A download is not sent before its link is followed."""

    status = 503
    code = "not_prefetched"
    advice = "Follow the link to download the file; nothing was counted."


class InsufficientStorage(RequestError):
    """The disk or database is full."""

    status = 507
    code = "insufficient_storage"
    advice = "Nothing was changed. The operator has to make room."
