"""A property that is computed at its first use, then a plain attribute.

The standard library's takes a lock in Python 3.11, and Werkzeug's runs Python code
at each access; a request reads these some thirty times.

Tested in `tests/http/test_application.py`.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

Value = TypeVar("Value")


class lazy(Generic[Value]):  # noqa: N801 - used as a decorator, like property
    """Store the result of a method as an attribute of the same name."""

    def __init__(self, make: Callable[[Any], Value]) -> None:
        self.make = make
        self.name = make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> "lazy[Value]": ...

    @overload
    def __get__(self, owner: object, kind: type) -> Value: ...

    def __get__(self, owner: object | None, kind: type) -> "lazy[Value] | Value":
        """Compute the value; the instance attribute hides this from then on."""
        if owner is None:
            return self
        value = owner.__dict__[self.name] = self.make(owner)
        return value

    def compute(self, owner: object) -> None:
        """Compute the value here and now, so that its errors are raised here."""
        getattr(owner, self.name)

    def override(self, owner: object, value: Value) -> None:
        """Use a value instead of the computed one."""
        vars(owner)[self.name] = value

    def is_computed(self, owner: object) -> bool:
        """Return whether the value was computed already."""
        return self.name in vars(owner)

    def reset(self, owner: object) -> None:
        """Compute the value again when it is read next."""
        vars(owner).pop(self.name, None)
