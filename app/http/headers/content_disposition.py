"""Parse Content-Disposition as real clients write it.

Browsers write what WHATWG HTML (section 4.10.22.8) says, others RFC 2616 (a backslash
before quotes), RFC 5987 and 8187 (`filename*`), RFC 2231 (`filename*0`) or RFC 2047
(`=?utf-8?B?…?=`). `tests/http/headers/test_content_disposition.py` has a table of them.
"""

import base64
import quopri
import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from app.http.headers.field_syntax import field_parameters

_ESCAPES = re.compile(r'\\(["\\])|%(22|0D|0A)', re.IGNORECASE)
_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,40})\?([BbQq])\?([^?\s]*)\?=")
_BETWEEN_WORDS = re.compile(r"(?<=\?=)\s+(?==\?)")
_EXTENDED = re.compile(r"([A-Za-z0-9_.:+-]{1,40})'[A-Za-z0-9-]*'(.*)", re.DOTALL)
_CHARSETS = re.compile(
    r"utf-?8|(us-)?ascii|latin-?1|iso-8859-[0-9]{1,2}|(windows-|cp)125[0-9]|koi8-[ru]"
    r"|macintosh|gb2312|gbk|gb18030|big5|shift_jis|cp932|windows-31j|euc-(jp|kr)"
    r"|iso-2022-jp",
    re.IGNORECASE,
)
_ALIASES = {"windows-31j": "cp932"}
MAX_SECTIONS = 50
"""Parts of a name that RFC 2231 lets a sender number."""


class InvalidDisposition(ValueError):
    """The field cannot be understood; the text says why."""


@dataclass(frozen=True, slots=True)
class Disposition:
    """A parsed Content-Disposition: the name of a form field, and of a file.

    `file_name` is None where there is none, and may be a path.
    """

    name: str | None
    file_name: str | None


def parse_disposition(field: str) -> Disposition:
    """Return the name of a form's field and of its file.

    Octets that are not UTF-8 are lone surrogates in `field`. Raise
    `InvalidDisposition`.
    """
    found = field_parameters(field)
    return Disposition(_parameter(found, "name"), _parameter(found, "filename"))


def _parameter(found: dict[str, str], name: str) -> str | None:
    """Return a parameter in the best of its forms (RFC 6266, section 4.3)."""
    plain, reason = found.get(name), ""
    # The extended forms are the exact ones, so they win over the plain one.
    for form in (_extended, _sections):
        try:
            value = form(found, name)
        except InvalidDisposition as error:
            reason = str(error)
        else:
            if value:
                return value
    if plain is None:
        if reason:
            raise InvalidDisposition(reason)
        return None
    octet = _octet(plain)
    if octet:
        raise InvalidDisposition(
            f"its {name} is not UTF-8 (it has the byte {octet}); send it as UTF-8, or "
            f"as {name}*=UTF-8''… (RFC 8187)"
        )
    return _decoded_words(_unescaped(_unquoted(plain)))


def _extended(found: dict[str, str], name: str) -> str | None:
    """Decode `charset'language'percent-encoded` (RFC 8187)."""
    value = found.get(f"{name}*")
    if value is None:
        return None
    match = _EXTENDED.fullmatch(value)
    if match is None:
        raise InvalidDisposition(
            f"{name}* must be written as UTF-8''… (RFC 8187), percent-encoded"
        )
    return _decoded(f"{name}*", match[1], _octets(match[2]))


def _sections(found: dict[str, str], name: str) -> str | None:
    """Join the numbered parts of a long value (RFC 2231, section 3)."""
    parts: list[bytes] = []
    charset = "utf-8"
    while len(parts) < MAX_SECTIONS:
        plain = found.get(f"{name}*{len(parts)}")
        encoded = found.get(f"{name}*{len(parts)}*")
        if encoded is not None:
            match = None if parts else _EXTENDED.fullmatch(encoded)
            if match:
                # Only the first section says the charset (RFC 2231, section 4.1).
                charset, encoded = match[1], match[2]
            parts.append(_octets(encoded))
        elif plain is not None:
            parts.append(plain.encode(errors="surrogateescape"))
        else:
            break
    return _decoded(f"{name}*0", charset, b"".join(parts)) if parts else None


def _octets(text: str) -> bytes:
    return unquote_to_bytes(text.encode(errors="surrogateescape"))


def _decoded(name: str, charset: str, octets: bytes) -> str:
    """Decode octets. Raise `InvalidDisposition`, which says what is wrong."""
    # Python's own codecs, such as punycode, are not all linear.
    if not _CHARSETS.fullmatch(charset):
        raise InvalidDisposition(
            f"the charset {charset} of its {name} is not supported; send it as UTF-8"
        )
    try:
        return octets.decode(_ALIASES.get(charset.lower(), charset))
    except UnicodeDecodeError as error:
        raise InvalidDisposition(
            f"its {name} is not {charset} (it has the byte 0x{octets[error.start]:02X})"
        ) from None
    except LookupError:
        raise InvalidDisposition(
            f"the charset {charset} of its {name} is not known"
        ) from None


def _octet(text: str) -> str:
    """Return the first octet that is not UTF-8, in hexadecimal, or nothing."""
    found = re.search("[\udc80-\udcff]", text)
    return f"0x{ord(found[0]) & 0xFF:02X}" if found else ""


def _unquoted(value: str) -> str:
    """Remove single quotes, which some scripts write instead of double ones."""
    is_quoted = len(value) > 1 and value[0] == value[-1] == "'"
    return value[1:-1] if is_quoted else value


def _unescaped(value: str) -> str:
    def character(match: re.Match[str]) -> str:
        return match[1] or chr(int(match[2], 16))

    return _ESCAPES.sub(character, value)


def _decoded_words(value: str) -> str:
    """Decode encoded words (RFC 2047), which .NET, Spring and PHP send."""

    def decoded(match: re.Match[str]) -> str:
        try:
            if match[2] in "Bb":
                # Senders leave out the padding; too much of it does no harm.
                octets = base64.b64decode(match[3] + "==")
            else:
                octets = quopri.decodestring(match[3].encode(), header=True)
            return _decoded("", match[1], octets)
        except ValueError:
            # What cannot be decoded stays as it is written: it may be the true name.
            return match[0]

    return _ENCODED_WORD.sub(decoded, _BETWEEN_WORDS.sub("", value))
