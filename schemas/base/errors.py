"""The error of a property: a message for people, and a code for programs."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class FieldError:
    """One property's problem: `message` names the property and what is right."""

    property: str
    code: str
    message: str


class Complaint(str):
    """A complaint about a value (``can't be blank``) that carries its code.

    A string, because marshmallow collects messages as strings.
    """

    __slots__ = ("code",)

    code: str

    def __new__(cls, code: str, text: str) -> Self:
        """Join a code and a text."""
        complaint = super().__new__(cls, text)
        complaint.code = code
        return complaint
