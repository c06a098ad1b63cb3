"""The principal of a request: the token that it came with, and what that may do.

Tested in `tests/torture/attacks/test_tenant_matrix.py`.
"""

from dataclasses import dataclass

from app.services.scopes import MANAGES_ACCESS, READ_ONLY

PERSONAL = "token "
"""How the caller of a token begins that no client of OAuth2 has."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The principal of a request: a token's scope, and its store (None: all).

    `caller` is the same for all tokens of one OAuth client. `token_id` is the token,
    0 where there is none. `date_expires` is in seconds UTC, and so is `last_hour`: the
    full hour in which the token was last known to be used. `user_id` is the person, if
    one signed in.
    """

    scope: str
    store_id: int | None
    caller: str = ""
    token_id: int = 0
    date_expires: int | None = None
    last_hour: int | None = None
    user_id: int | None = None

    @property
    def is_personal(self) -> bool:
        """Whether a person holds the token, rather than a client of OAuth2."""
        return self.caller.startswith(PERSONAL)

    @property
    def can_write(self) -> bool:
        """Whether the token may change anything."""
        return self.scope not in READ_ONLY

    @property
    def manages_access(self) -> bool:
        """Whether the token may see and change who may use a store."""
        return self.scope in MANAGES_ACCESS

    def sees(self, store_id: int) -> bool:
        """Whether a store and what belongs to it exist for this token."""
        return self.store_id is None or self.store_id == store_id


@dataclass(frozen=True, slots=True)
class StorePrincipal(Principal):
    """A principal with a token for one store."""

    store_id: int


@dataclass(frozen=True, slots=True)
class OperatorPrincipal(Principal):
    """A principal with a token for all stores."""

    store_id: None


def principal_of(
    scope: str,
    store_id: int | None,
    *,
    caller: str = "",
    token_id: int = 0,
    date_expires: int | None = None,
    last_hour: int | None = None,
    user_id: int | None = None,
) -> StorePrincipal | OperatorPrincipal:
    """Return the principal of a token of one store, or of all."""
    rest = caller, token_id, date_expires, last_hour, user_id
    if store_id is None:
        return OperatorPrincipal(scope, None, *rest)
    return StorePrincipal(scope, store_id, *rest)
