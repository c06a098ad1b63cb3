"""Conditional requests by RFC 9110, section 13."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from enum import Enum
from functools import lru_cache
from zlib import crc32

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')

Header = Callable[[str], str | None]


class Outcome(Enum):
    """The result of evaluating preconditions."""

    PROCEED = "proceed"
    NOT_MODIFIED = "304"
    FAILED = "412"


@dataclass(frozen=True, slots=True)
class Validators:
    """A representation's strong entity tag (quoted) and its last change, UTC.

    A tag is `"revision-shape"`, the shape being what else makes the bytes: format,
    address, rights. A change is about the revision alone, so that a tag that was got
    in one format protects a write in any other. A tag without a shape is compared
    whole. `modified` is None where a second is too coarse to tell.
    """

    etag: str
    modified: int | None
    made_of: str = ""
    """All that makes the bytes, of which the tag has a checksum."""

    @property
    def last_modified(self) -> str:
        """The Last-Modified value, empty where there is none."""
        return "" if self.modified is None else _http_date(self.modified)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that carry them."""
        headers = {"ETag": self.etag}
        if self.last_modified:
            headers["Last-Modified"] = self.last_modified
        return headers

    def is_newer_than(self, seconds: int) -> bool:
        """Return whether it changed after a moment; True if that is unknown."""
        return self.modified is None or self.modified > seconds


def entity_tag(revision: object, shape: str) -> str:
    """Return a strong tag of a revision and of all else that makes the bytes."""
    return f'"{revision}-{crc32(shape.encode()):08x}"'


@lru_cache(maxsize=4096)
def _http_date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


def evaluate_conditions(
    header: Header, validators: Validators, *, is_read: bool
) -> Outcome:
    """Apply the preconditions of a request, in the order of section 13.2.2.

    `header` gives the value of a request header or None; `is_read` tells GET and
    HEAD from the methods that change something.
    """
    known = validators.etag if is_read else _revision(validators.etag)
    shorten = str if is_read else _revision
    if_match = header("If-Match")
    if if_match is not None:
        if not _matches(if_match, known, shorten, weak=False):
            return Outcome.FAILED
    else:
        since = _date(header("If-Unmodified-Since"))
        if since is not None and validators.is_newer_than(since):
            return Outcome.FAILED
    if_none_match = header("If-None-Match")
    if if_none_match is not None:
        if _matches(if_none_match, known, shorten, weak=True):
            return Outcome.NOT_MODIFIED if is_read else Outcome.FAILED
    elif is_read:
        since = _date(header("If-Modified-Since"))
        if since is not None and not validators.is_newer_than(since):
            return Outcome.NOT_MODIFIED
    return Outcome.PROCEED


def range_applies(header: Header, validators: Validators) -> bool:
    """Return whether If-Range lets a Range count (section 13.1.5).

    Only a strong tag, or the exact date, says that the bytes are the same.
    """
    condition = header("If-Range")
    if condition is None:
        return True
    condition = condition.strip()
    if condition.startswith(('"', "W/")):
        return condition == validators.etag
    return bool(condition) and condition == validators.last_modified


def _revision(etag: str) -> str:
    """Return the part of a tag that preconditions compare."""
    revision, dash, _ = etag.strip('"').partition("-")
    return f'"{revision}"' if dash else etag


def _matches(
    value: str, etag: str, shorten: Callable[[str], str], *, weak: bool
) -> bool:
    if value.strip() == "*":
        return True
    return any(
        shorten(f'"{tag}"') == etag and (weak or not is_weak)
        for is_weak, tag in _TAG.findall(value)
    )


def _date(value: str | None) -> int | None:
    if value is None:
        return None
    try:
        return int(parsedate_to_datetime(value).timestamp())
    except (ValueError, TypeError, OverflowError):
        # A date that is none is ignored (sections 13.1.3 and 13.1.4).
        return None
