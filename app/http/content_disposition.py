"""Reads Content-Disposition as real senders write it.

Browsers write what WHATWG HTML (section 4.10.22.8) says, others RFC 2616 (a backslash
before quotes), RFC 5987 and 8187 (`filename*`), RFC 2231 (`filename*0`) or RFC 2047
(`=?utf-8?B?…?=`). The table of `tests/http/test_content_disposition.py` has them all.
"""

import re
from dataclasses import dataclass
from email.header import decode_header
from urllib.parse import unquote_to_bytes

from app.http.header_fields import parameters

_ESCAPES = re.compile(r'\\(["\\])|%(22|0D|0A)', re.IGNORECASE)
_ENCODED_WORDS = re.compile(
    r"(?:=\?[A-Za-z0-9_.:*-]{1,40}\?[BbQq]\?[^?\s]*\?=\s*)+", re.ASCII
)
_EXTENDED = re.compile(r"([A-Za-z0-9_.:+-]{1,40})'[A-Za-z0-9-]*'(.*)", re.DOTALL)
_CHARSETS = re.compile(
    r"utf-?8|(us-)?ascii|iso-8859-[0-9]{1,2}|(windows-|cp)125[0-9]|koi8-[ru]|gb2312|gbk"
    r"|gb18030|big5|shift_jis|euc-(jp|kr)|iso-2022-jp",
    re.IGNORECASE,
)
MAX_SECTIONS = 50
"""Parts of a name that RFC 2231 lets a sender number."""


class InvalidDisposition(ValueError):
    """The field cannot be understood; the text says why."""


@dataclass(frozen=True, slots=True)
class Disposition:
    """What the field says: the field of a form, and the name of a file.

    `file_name` is None where there is none, and may be a path.
    """

    name: str | None
    file_name: str | None


def parse_disposition(field: str) -> Disposition:
    """Return the name of a form's field and of its file.

    Octets that are not UTF-8 are lone surrogates in `field`. Raises
    `InvalidDisposition`.
    """
    found = parameters(field)
    return Disposition(_parameter(found, "name"), _parameter(found, "filename"))


def _parameter(found: dict[str, str], name: str) -> str | None:
    """Return a parameter in the best of its forms (RFC 6266, section 4.3)."""
    extended = _extended(found.get(f"{name}*"))
    if extended is not None:
        return extended
    sections = _sections(found, name)
    if sections is not None:
        return sections
    plain = found.get(name)
    if plain is None:
        if f"{name}*" in found:
            raise InvalidDisposition(
                f"{name}* must be written as UTF-8''… (RFC 8187), percent-encoded"
            )
        return None
    octets = re.search("[\udc80-\udcff]", plain)
    if octets:
        raise InvalidDisposition(
            f"its {name} is not UTF-8 (it has the byte 0x{ord(octets[0]) & 0xFF:02X}); "
            f"send it as UTF-8, or as {name}*=UTF-8''… (RFC 8187)"
        )
    return _decoded_words(_unescaped(plain))


def _extended(value: str | None) -> str | None:
    """Decode `charset'language'percent-encoded` (RFC 8187); None where it is not."""
    match = _EXTENDED.fullmatch(value) if value else None
    return _decoded(match[1], unquote_to_bytes(match[2])) if match else None


def _decoded(charset: str, octets: bytes) -> str | None:
    # Python's own codecs, such as punycode, are not all linear.
    if not _CHARSETS.fullmatch(charset):
        return None
    try:
        return octets.decode(charset)
    except (UnicodeError, LookupError):
        return None


def _sections(found: dict[str, str], name: str) -> str | None:
    """Join the numbered parts of a long value (RFC 2231, section 3)."""
    parts: list[str] = []
    charset = "utf-8"
    while len(parts) < MAX_SECTIONS:
        plain = found.get(f"{name}*{len(parts)}")
        encoded = found.get(f"{name}*{len(parts)}*")
        if encoded is not None:
            match = None if parts else _EXTENDED.fullmatch(encoded)
            if match:
                charset, encoded = match[1], match[2]
            parts.append(encoded)
        elif plain is not None:
            # A percent sign stands for itself in a part that is not encoded.
            parts.append(plain.replace("%", "%25"))
        else:
            break
    return _decoded(charset, unquote_to_bytes("".join(parts))) if parts else None


def _unescaped(value: str) -> str:
    def character(match: re.Match[str]) -> str:
        return match[1] or chr(int(match[2], 16))

    return _ESCAPES.sub(character, value)


def _decoded_words(value: str) -> str:
    """Decode encoded words (RFC 2047), which .NET and Spring send."""
    if not _ENCODED_WORDS.fullmatch(value.strip()):
        return value
    try:
        words = decode_header(value.strip())
    except ValueError:
        return value
    decoded = [
        word if isinstance(word, str) else _decoded(charset or "us-ascii", word)
        for word, charset in words
    ]
    return value if None in decoded else "".join(map(str, decoded))
