"""The base of all resource schemas: load a body, and report all errors at once."""

import difflib
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import marshmallow
from marshmallow import RAISE

from schemas.base.errors import Complaint, FieldError
from schemas.base.fields import Property, Reference, Upload

IGNORED = frozenset({"_links", "_embedded", "_templates", "message"})
"""Members of a document that was read and is sent back."""


@dataclass(frozen=True, slots=True)
class RequiredWhen:
    """Properties that must not be null while another has one of some values."""

    property: str
    values: tuple[Any, ...]
    required: tuple[str, ...]


class ResourceSchema(marshmallow.Schema):
    """The properties of a resource: what may be sent, and what is shown."""

    class Meta:
        """Unknown properties are errors, so that no typo is lost in silence."""

        unknown = RAISE

    conditions: ClassVar[tuple[RequiredWhen, ...]] = ()

    needs_file: ClassVar[bool] = False
    """Whether it is nothing without its file: one comes with it, and is not changed."""

    instead_of_file: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """The properties that say where a file is which is not sent along.

    Each with what it requires, where a file or one of them is required.
    """

    searchable: ClassVar[tuple[str, ...]] = ()
    """The properties that a search looks through."""

    named_by: ClassVar[str] = ""
    """The property that names a resource for people."""

    columns: ClassVar[tuple[str, ...]] = ()
    """The properties that a table of many shows; "a/b" is one column, as "a of b"."""

    groups: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """The properties in groups, as people think of them; the first has no title.

    What is in none is folded.
    """

    bulk: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    """The changes of several at once that people make, by their names."""

    empty: ClassVar[str] = ""
    """What to do where there is none of them yet."""

    @cached_property
    def properties(self) -> dict[str, Property]:
        """All properties in the order of their declaration."""
        return {
            name: field
            for name, field in self.fields.items()
            if isinstance(field, Property)
        }

    @cached_property
    def shown(self) -> dict[str, Property]:
        """The properties that a representation has."""
        return {n: p for n, p in self.properties.items() if not p.load_only}

    @cached_property
    def writable(self) -> dict[str, Property]:
        """The properties that a body may set."""
        return {n: p for n, p in self.properties.items() if not p.dump_only}

    @cached_property
    def takes_file(self) -> bool:
        """Whether a multipart body may carry a file."""
        return any(isinstance(p, Upload) for p in self.properties.values())

    def longest(self, name: str) -> int | None:
        """Return the maximum length of a property, for other modules."""
        return self.properties[name].max_length

    def read(
        self, data: Mapping[str, Any], *, partial: bool, is_strict: bool = False
    ) -> tuple[dict[str, Any], list[FieldError]]:
        """Return the stored values of a body by column, and what is wrong with it.

        With `partial` only what was sent is read; otherwise defaults fill in. What
        a client got from us and sends back (links, read-only properties) is ignored,
        or with `is_strict` an error.
        """
        sent = {
            name: value
            for name, value in data.items()
            # A document that was read may be sent back as it is.
            if name not in IGNORED
            and not (name in self.properties and self.properties[name].dump_only)
        }
        errors = list(self._ignored(data)) if is_strict else []
        if not is_strict:
            sent = self._given(sent)
        try:
            loaded: Any = self.load(self._with_addresses(sent), partial=partial)
        except marshmallow.ValidationError as error:
            loaded = error.valid_data
            errors += self._worded(error.messages)
        return dict(loaded), errors

    def without_empty(
        self, values: Mapping[str, Any], *, partial: bool
    ) -> dict[str, Any]:
        """Return the fields of a form without those that were left empty.

        An empty field stays where it is a value of its property. With `partial` that
        includes null, by which a form clears a property; without it, what may be null
        goes to its default.
        """
        return {
            name: value
            for name, value in values.items()
            if value != "" or self._keeps_empty(name, partial=partial)
        }

    def _given(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Return values without empty ones that their properties do not accept."""
        return {
            name: value
            for name, value in sent.items()
            # A browser sends every field of a form, also those that nobody filled in.
            if value not in ("", [])
            or self._keeps_empty(name, partial=True, sent=value)
        }

    def _keeps_empty(self, name: str, *, partial: bool, sent: Any = "") -> bool:
        if name in self._ids:
            return False
        field = self.writable.get(name)
        if field is None or field.required:
            # Unknown, or a mistake that is reported.
            return True
        if sent == []:
            return field.is_list or not field.is_choice
        return field.accepts_empty and (partial or not field.allow_none)

    @cached_property
    def _ids(self) -> frozenset[str]:
        """The names by which ids stand for addresses of other resources."""
        return frozenset(field.column for field in self.references.values())

    def read_patch(
        self, changed: Mapping[str, Any], gone: AbstractSet[str]
    ) -> tuple[dict[str, Any], list[FieldError]]:
        """Return the stored values of what a patch changed, and what is wrong with it.

        What is `gone` goes back to its default. What is read only was meant, since
        the patch names it, so that it is an error.
        """
        kept = {name: value for name, value in changed.items() if name not in gone}
        loaded, errors = self.read(kept, partial=True)
        # Removing a required property by a patch is an error like leaving it out.
        defaults, missing = self.read({}, partial=False)
        errors += [e for e in missing if e.property in gone]
        for name in gone & self.writable.keys():
            column = self.writable[name].column
            if column in defaults:
                loaded[column] = defaults[column]
        errors += [
            FieldError(name, "read_only", f"{name} is read only")
            for name in changed
            if name in self.properties and name not in self.writable
        ]
        return loaded, errors

    def _ignored(self, data: Mapping[str, Any]) -> Iterator[FieldError]:
        for name in data:
            if name in IGNORED:
                yield FieldError(
                    name, "ignored", f"{name} is not a property that can be set"
                )
            elif name in self.properties and self.properties[name].dump_only:
                yield FieldError(name, "read_only", f"{name} is read only")

    def _with_addresses(self, sent: dict[str, Any]) -> dict[str, Any]:
        """Accept the id of another resource in place of its address."""
        result = dict(sent)
        for name, field in self.references.items():
            if field.dump_only or field.column not in sent:
                continue
            # Some clients write every value of a form as a list.
            number = _single(result.pop(field.column))
            address = field.path.format(id=number)
            given = _single(
                result.setdefault(name, None if number is None else address)
            )
            if number is not None and not str(given).rstrip("/").endswith(address):
                # Two at once: neither is guessed to be meant.
                result[name] = f"{given} and {field.column} {number}"
        return result

    def unmet(self, values: Mapping[str, Any]) -> Iterator[FieldError]:
        """Yield errors for properties that other values of the resource require."""
        for condition in self.conditions:
            if values.get(condition.property) not in condition.values:
                continue
            for name in condition.required:
                if values.get(name) in {None, ""}:
                    state = f"{condition.property} is {values[condition.property]}"
                    if isinstance(values[condition.property], bool):
                        state = f"{condition.property} is true"
                    yield FieldError(
                        name, "required", f"{name} can't be blank when {state}"
                    )

    def conditions_of(self, name: str) -> list[str]:
        """Return a sentence for each property that others make required."""
        return [
            f"Required when {c.property} is "
            + " or ".join(str(v).lower() for v in c.values)
            + "."
            for c in self.conditions
            if name in c.required
        ]

    @cached_property
    def references(self) -> dict[str, Reference]:
        """The properties that are addresses of other resources."""
        return {n: p for n, p in self.properties.items() if isinstance(p, Reference)}

    def _worded(self, messages: Any) -> Iterator[FieldError]:
        for name, complaints in messages.items():
            known = [c for c in complaints if isinstance(c, Complaint)]
            # Complaints are ours; anything else is marshmallow's about an unknown name.
            if known:
                text = ", ".join(f"{name} {complaint}" for complaint in known)
                yield FieldError(name, known[0].code, text)
            else:
                yield FieldError(name[:100], "unknown", self._unknown(name))

    def _unknown(self, name: str) -> str:
        # The name is cut: comparing takes quadratic time.
        close = difflib.get_close_matches(name[:100], self.writable, n=1)
        hint = (
            f"did you mean {close[0]}?"
            if close
            else "known are " + ", ".join(self.writable)
        )
        return f"{name[:100]} is not a property that can be set ({hint})"


def _single(value: Any) -> Any:
    """Return the only member of a list of one, and anything else as it is."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value
