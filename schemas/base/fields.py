"""The kinds of properties: their constraints, wording and stored form.

Everything about a property is said once, where a schema declares it: loading reads
the constraints, and so do the relation pages, forms and OPTIONS. A loaded value is
in its stored form (money as a scaled integer), `dump` gives the form that is shown.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar
from urllib.parse import urlsplit

import marshmallow
from marshmallow import missing as MISSING  # noqa: N812

from schemas.base.errors import Complaint
from schemas.values.dates import date_text, moment_stored
from schemas.values.identifiers import ID
from schemas.values.money import MONEY_DIGITS, money_stored, money_text, money_value
from schemas.values.normalization import nfc
from schemas.values.urls import ascii_host, to_uri

# What XML 1.0 cannot carry (its production 2), lone surrogates included.
UNREPRESENTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
INTEGER = re.compile(r"[+-]?[0-9]{1,100}", re.ASCII)
DECIMAL = re.compile(r"-?[0-9]{1,100}(\.[0-9]{1,20})?", re.ASCII)
MANY_DIGITS = 18
"""Digits that no number of ours has."""

HUGE = 10**18
LARGEST = 2**31 - 1
"""The largest number of an integer column in each database."""

# No "@": credentials in a URL would be shown to every customer.
URL = re.compile(r"https?://[^\s/?#@\\]+(?:[/?#]\S*)?", re.IGNORECASE)
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
HOST = re.compile(r"[^\s%<>\[\]{}|\\^`\"']+")
EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")
MAX_AMOUNT = 10**10
MAX_ENCODED_URL = 2000


class Property(marshmallow.fields.Field[Any]):
    """A documented property of a resource."""

    kind: ClassVar[str]
    """The type as the documentation names it."""

    input_type: ClassVar[str] = "text"
    """The HTML input type of a form field."""

    is_text: ClassVar[bool] = True
    """Whether the value is a string where it is shown."""

    is_choice: ClassVar[bool] = False
    """Whether a value is one of several that are known."""

    is_list: ClassVar[bool] = False
    """Whether a value is a list."""

    to_text: Callable[[Any], str] = staticmethod(str)
    """Writes a stored value that is not null."""

    is_secret: ClassVar[bool] = False
    """Whether only those see it who may change it."""

    max_length: int | None = None
    """The most characters of a text."""

    minimum: int | None = None
    maximum: int | None = None
    regex: str | None = None
    """What a text that is not empty must match as a whole."""

    meaning: str = "text"
    """What a value is to people: text, money, bytes, hours, date, flag, address, …."""

    zero: str = ""
    """What 0 means, where it is no number."""

    def __init__(  # noqa: PLR0913 - each is declared by its name
        self,
        description: str,
        *,
        example: Any = None,
        required: bool = False,
        nullable: bool = False,
        read_only: bool = False,
        write_only: bool = False,
        default: Any = MISSING,
        meaning: str = "",
        zero: str = "",
        label: str = "",
        fixed: bool = False,
    ) -> None:
        if default is MISSING and nullable and not required:
            default = None
        super().__init__(
            required=required,
            allow_none=nullable,
            dump_only=read_only,
            load_only=write_only,
            load_default=default,
        )
        self.description = description
        self.is_fixed = fixed
        """Whether it never changes after the resource was created."""
        self.example = example
        self.meaning = meaning or type(self).meaning
        self.zero = zero
        self.label = label
        """The name for people, where that of the property does not say it."""

    @property
    def column(self) -> str:
        """The stored value's name."""
        return str(self.attribute or self.name)

    @property
    def options(self) -> tuple[str, ...]:
        """The legal values, where they are few."""
        return ()

    def constraints(self) -> list[str]:
        """Return the constraints, one sentence each."""
        constraints = []
        if self.required:
            constraints.append("Required.")
        if self.dump_only:
            constraints.append("Read only.")
        if self.load_only:
            constraints.append("Write only.")
        constraints += self.value_constraints()
        if self.allow_none and not self.dump_only:
            constraints.append("May be null.")
        default = self.load_default
        if default is not MISSING and default is not None and default != "":
            constraints.append(f"Defaults to {self.to_text(default)}.")
        return constraints

    def value_constraints(self) -> list[str]:
        """Return the constraints of this type of value."""
        return []

    @property
    def accepts_empty(self) -> bool:
        """Whether an empty text is a value: itself, or null."""
        return self.allow_none

    def make_error(self, key: str, **_values: Any) -> marshmallow.ValidationError:
        """Return the error for one of marshmallow's own keys: required, null."""
        texts = {"required": "can't be blank", "null": "can't be null"}
        return self.complain(key, texts.get(key, "is invalid"))

    def complain(self, code: str, text: str) -> marshmallow.ValidationError:
        """Create the error that says what is wrong with the value."""
        return marshmallow.ValidationError([Complaint(code, text)])

    def _deserialize(
        self,
        value: Any,
        attr: str | None,  # noqa: ARG002
        data: Mapping[str, Any] | None,  # noqa: ARG002
        **_options: Any,
    ) -> Any:
        # Clients of HAL-FORMS send a single value as a list of one.
        if not self.is_list and isinstance(value, list) and len(value) == 1:
            value = value[0]
            if value is None and not self.allow_none:
                raise self.make_error("null")
        # XML and forms have no other way to say null, so that it is one in JSON too.
        if value == "" and self.allow_none:
            return None
        if value == "" and self.required:
            raise self.make_error("required")
        return self.read(value)

    def read(self, value: Any) -> Any:
        """Check a value and return its stored form."""
        raise NotImplementedError


class Text(Property):
    """A string that every format can carry."""

    kind = "String"

    is_normalized: ClassVar[bool] = True
    """Whether it is stored in NFC, so that a text is one however it is composed."""

    def __init__(
        self,
        description: str,
        *,
        max_length: int | None = None,
        is_one_line: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(description, **options)
        self.max_length = max_length
        self.is_one_line = is_one_line
        if not is_one_line:
            self.meaning = "multiline"

    def value_constraints(self) -> list[str]:
        """Return the maximum length."""
        return [f"{self.max_length} characters or less."] if self.max_length else []

    def read(self, value: Any) -> str:
        """Check length and characters."""
        if not isinstance(value, str):
            raise self.complain("invalid", "must be a string")
        # A name of spaces only looks like no name at all.
        if self.required and not value.strip():
            raise self.make_error("required")
        text: str = nfc(value) if self.is_normalized else value
        # Length first: the expressions below then see short texts only.
        if self.max_length is not None and len(text) > self.max_length:
            raise self.complain(
                "too_long", f"is too long (maximum is {self.max_length} characters)"
            )
        found = UNREPRESENTABLE.search(text)
        if found:
            raise self.complain(
                "invalid_character",
                f"contains the character U+{ord(found[0]):04X}, which XML cannot carry",
            )
        if self.is_one_line and re.search("[\t\r\n]", text):
            raise self.complain("invalid_character", "must be one line, without tabs")
        if text:
            self.check(text)
        return text

    def check(self, value: str) -> None:
        """Check a text that is not empty by the rules of its kind."""

    @property
    def accepts_empty(self) -> bool:
        """Whether the text may be empty."""
        return self.allow_none or not self.required


class Pattern(Text):
    """A string of a given form, such as a currency code."""

    def __init__(
        self, description: str, *, pattern: str, form: str, **options: Any
    ) -> None:
        super().__init__(description, **options)
        self.regex = pattern
        self.pattern = re.compile(pattern, re.ASCII)
        self.form = form

    def value_constraints(self) -> list[str]:
        """Return the format in words."""
        return [*super().value_constraints(), f"{self.form[0].upper()}{self.form[1:]}."]

    def check(self, value: str) -> None:
        """Match the whole text."""
        if not self.pattern.fullmatch(value):
            raise self.complain("invalid", f"must be {self.form}")


class Uuid(Text):
    """A UUID (RFC 9562), stored in small letters."""

    kind = "UUID"

    def __init__(self, description: str, **options: Any) -> None:
        super().__init__(description, max_length=36, **options)

    @property
    def accepts_empty(self) -> bool:
        """Whether an empty text is null."""
        return self.allow_none

    def read(self, value: Any) -> str:
        """Check the form, and give it in small letters."""
        text = super().read(value)
        if not UUID.fullmatch(text):
            raise self.complain(
                "invalid",
                "must be a UUID, such as 3668c771-7538-4adf-ac71-328b81b63222",
            )
        # UUIDs are equal whatever their case (RFC 9562, section 4).
        return text.lower()


class Url(Text):
    """An absolute http or https address without credentials."""

    kind = "URL"
    input_type = "url"
    meaning = "address"
    # Servers tell addresses apart by their bytes.
    is_normalized = False

    def check(self, value: str) -> None:
        """Match an address that a customer can be sent to."""
        if not URL.fullmatch(value) or not _has_host(value):
            raise self.complain(
                "invalid", "must be an absolute http or https URL without credentials"
            )
        # A redirect carries it in a header, whose size proxies bound.
        if len(to_uri(value)) > MAX_ENCODED_URL:
            raise self.complain(
                "too_long",
                f"must have at most {MAX_ENCODED_URL} characters, percent-encoded",
            )


class Secret(Text):
    """A text that is shown to nobody who may only read."""

    meaning = "digest"

    is_secret = True
    is_normalized = False


class Email(Text):
    """An e-mail address."""

    kind = "Email"
    input_type = "email"

    def check(self, value: str) -> None:
        """Match something with a mailbox and a domain."""
        if not EMAIL.fullmatch(value):
            raise self.complain("invalid", "is not a valid email address")


class Choice(Text):
    """One of a few strings."""

    meaning = "choice"
    is_choice = True
    input_type = "radio"

    def __init__(
        self, description: str, *, choices: tuple[str, ...], **options: Any
    ) -> None:
        super().__init__(description, **options)
        self.choices = choices

    @property
    def options(self) -> tuple[str, ...]:
        """The legal values."""
        return self.choices

    @property
    def accepts_empty(self) -> bool:
        """Whether an empty text is one of the legal values, or null."""
        return self.allow_none or "" in self.choices

    def value_constraints(self) -> list[str]:
        """List the legal values."""
        return [f"One of {_listed(self.choices)}."]

    def read(self, value: Any) -> str:
        """Return the stored value of a choice."""
        text = super().read(value)
        if text not in self.choices:
            raise self.complain("inclusion", f"must be one of {_listed(self.choices)}")
        return text


class Integer(Property):
    """A whole number; a numeric string counts as one."""

    kind = "Integer"
    meaning = "number"
    input_type = "number"
    is_text = False

    def __init__(
        self,
        description: str,
        *,
        minimum: int = 0,
        maximum: int = LARGEST,
        **options: Any,
    ) -> None:
        super().__init__(description, **options)
        self.minimum: int = minimum
        self.maximum: int = maximum

    def value_constraints(self) -> list[str]:
        """Return the bounds; the largest of 32 bits is no bound that anybody meets."""
        if self.dump_only:
            return []
        bounds = [f"Greater than or equal to {self.minimum}."]
        if self.maximum < LARGEST:
            bounds.append(f"Less than or equal to {self.maximum}.")
        return bounds

    def read(self, value: Any) -> int:
        """Check the number and its bounds."""
        number = self._number(value)
        if number < self.minimum:
            raise self.complain(
                "too_small", f"must be greater than or equal to {self.minimum}"
            )
        if number > self.maximum:
            raise self.complain(
                "too_large", f"must be less than or equal to {self.maximum}"
            )
        return number

    def _number(self, value: Any) -> int:
        if isinstance(value, str) and INTEGER.fullmatch(value.strip()):
            value = Decimal(value.strip())
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        # int() of a huge exponent takes seconds; what is as large is out of bounds.
        if isinstance(value, Decimal) and value.adjusted() >= MANY_DIGITS:
            return -HUGE if value < 0 else HUGE
        if (
            isinstance(value, Decimal)
            and value.adjusted() > -MANY_DIGITS
            and value % 1 == 0
        ):
            return int(value)
        raise self.complain("not_a_number", "must be a whole number")


class Amount(Property):
    """An amount of money or weight: a decimal of at most four places, ≥ 0.

    It is stored as an integer of ten-thousandths and never passes a binary float.
    """

    kind = "Decimal"
    input_type = "number"
    is_text = False
    minimum = 0
    meaning = "money"
    to_text = staticmethod(money_text)

    def value_constraints(self) -> list[str]:
        """Return the bounds."""
        return [
            "Greater than or equal to 0.",
            f"At most {MONEY_DIGITS} decimals.",
        ]

    def read(self, value: Any) -> int:
        """Check the amount and scale it."""
        amount = self._amount(value)
        if amount < 0:
            raise self.complain("too_small", "must be greater than or equal to 0")
        # Scaled, it has to fit 64 bits.
        if amount >= MAX_AMOUNT:
            raise self.complain("too_large", f"must be less than {MAX_AMOUNT}")
        scaled = amount.scaleb(MONEY_DIGITS)
        if scaled % 1:
            raise self.complain(
                "too_many_decimals",
                f"must have at most {MONEY_DIGITS} decimals; it is never rounded",
            )
        return money_stored(amount)

    def _amount(self, value: Any) -> Decimal:
        if isinstance(value, str):
            value = value.strip()
        if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
            raise self._not_a_number()
        # The JSON forms 1e2 and 1E+999999999 become plain digits, or are too large.
        if isinstance(value, Decimal) and value.adjusted() >= MANY_DIGITS:
            return value
        if isinstance(value, Decimal) and value.adjusted() > -MANY_DIGITS:
            value = f"{value:f}"
        text = str(value)
        if not DECIMAL.fullmatch(text):
            raise self._not_a_number()
        try:
            return Decimal(text)
        except InvalidOperation:  # pragma: no cover - the pattern excludes it
            raise self._not_a_number() from None

    def _not_a_number(self) -> marshmallow.ValidationError:
        return self.complain("not_a_number", "must be a decimal number such as 9.95")

    def _serialize(self, value: Any, attr: Any, obj: Any, **_options: Any) -> Any:  # noqa: ARG002
        return None if value is None else money_value(value)


class Boolean(Property):
    """True or false; forms send ``true``, ``false``, ``1`` and ``0``."""

    kind = "Boolean"
    input_type = "checkbox"
    meaning = "flag"
    is_text = False
    is_choice = True
    words: ClassVar[dict[str, bool]] = {
        "true": True,
        "1": True,
        "false": False,
        "0": False,
    }

    @staticmethod
    def to_text(value: Any) -> str:
        """Write ``true`` or ``false``, also of a database's 1 and 0."""
        return "true" if value else "false"

    def read(self, value: Any) -> bool:
        """Understand the forms a boolean comes in."""
        word = value.strip().lower() if isinstance(value, str) else str(value).lower()
        if not isinstance(value, bool | int | str) or word not in self.words:
            raise self.complain("invalid", "must be true or false")
        return self.words[word]

    def _serialize(self, value: Any, attr: Any, obj: Any, **_options: Any) -> Any:  # noqa: ARG002
        return None if value is None else bool(value)


class Date(Property):
    """A moment, stored as seconds UTC, shown in the store's time zone."""

    kind = "Date"
    meaning = "date"

    def __init__(
        self, description: str, *, read_only: bool = True, **options: Any
    ) -> None:
        super().__init__(description, read_only=read_only, nullable=True, **options)

    def read(self, value: Any) -> int:
        """Understand a moment with its offset from UTC (RFC 3339, ISO 8601)."""
        try:
            moment = datetime.fromisoformat(value.strip())
            if moment.utcoffset() is not None:
                return moment_stored(moment)
        except (AttributeError, ValueError, OverflowError):
            pass
        raise self.complain(
            "not_a_date",
            "must be a date with its offset from UTC, such as 2026-12-31T23:59:59Z or "
            "2026-12-31T23:59:59+0100",
        )

    def _serialize(self, value: Any, attr: Any, obj: Any, **_options: Any) -> Any:  # noqa: ARG002
        return None if value is None else date_text(value, obj["timezone"])


class Reference(Property):
    """The address of another resource, stored as its id.

    What is shown is the path; whoever renders it puts the base URL before it.
    """

    kind = "URL"
    input_type = "url"
    is_choice = True
    meaning = "address"

    def __init__(
        self,
        description: str,
        *,
        path: str,
        column: str,
        choices: str = "",
        **options: Any,
    ) -> None:
        super().__init__(description, **options)
        self.choices = choices
        """The collection of a store that has the legal values, with its filter."""
        self.path = path
        # marshmallow's name for where a value is found and put.
        self.attribute = column
        pattern = re.escape(path).replace(re.escape("{id}"), f"({ID})")
        self.address = re.compile(rf"{pattern}/?")
        self.target = path.strip("/").partition("/")[0]

    def read(self, value: Any) -> int:
        """Return the id in a URL."""
        if isinstance(value, str) and len(value) <= 2000:  # noqa: PLR2004
            if not value.strip():
                raise self.make_error("required")
            found = self.address.fullmatch(value.strip())
            if found:
                return int(found[1])
        raise self.complain(
            "invalid",
            f"must be the self link of one of the {self.target} of this server, which "
            f"ends in {self.path.format(id='…')}",
        )

    def _serialize(self, value: Any, attr: Any, obj: Any, **_options: Any) -> Any:  # noqa: ARG002
        return None if value is None else self.path.format(id=value)


class Upload(Property):
    """A file, sent as a part of multipart/form-data; it never is a loaded value."""

    kind = "File"
    input_type = "file"

    def __init__(self, description: str, **options: Any) -> None:
        super().__init__(description, write_only=True, **options)

    def read(self, value: Any) -> Any:  # noqa: ARG002
        """Raise an error unless it is a file part."""
        raise self.complain(
            "not_a_file",
            "must be sent as a file in multipart/form-data, as curl -F file=@… does",
        )


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return bool(HOST.fullmatch(host) and ascii_host(host)) and (
            parts.port is None or parts.port > 0
        )
    except ValueError:
        return False


def _listed(choices: tuple[str, ...]) -> str:
    return ", ".join(choice or '"" (empty)' for choice in choices)
