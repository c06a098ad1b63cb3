"""OAuth clients and authorization codes; only digests of secrets are stored."""

from sqlalchemy import BigInteger, Column, ForeignKey, Table

from app.models.columns import ID, text
from app.models.metadata import METADATA

OAUTH_CLIENTS = Table(
    "oauth_clients",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("client_id", text(64), nullable=False, unique=True),
    # Null: a public client, which proves itself by PKCE.
    Column("secret_digest", text(64)),
    Column("name", text(200), nullable=False),
    Column("scope", text(40), nullable=False),
    # Null: every store of the server, or the one that its owner chooses.
    Column("store_id", ID, ForeignKey("stores.id", ondelete="CASCADE")),
    # One a line.
    Column("redirect_uris", text(), nullable=False),
    Column("date_created", BigInteger, nullable=False),
    Column("date_revoked", BigInteger),
    sqlite_autoincrement=True,
)

AUTHORIZATION_CODES = Table(
    "authorization_codes",
    METADATA,
    Column("digest", text(64), primary_key=True),
    Column(
        "client_id",
        ID,
        ForeignKey("oauth_clients.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("redirect_uri", text(2000), nullable=False),
    Column("scope", text(40), nullable=False),
    Column("store_id", ID, ForeignKey("stores.id", ondelete="CASCADE")),
    Column("code_challenge", text(128)),
    Column("code_challenge_method", text(10)),
    # The personal token with which a merchant consented.
    Column("token_id", ID),
    # Kept after its use, so that a second use is known for what it is.
    Column("date_used", BigInteger),
    Column("date_expires", BigInteger, nullable=False),
)
