"""Stored outcomes of requests with an Idempotency-Key."""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table

from app.models.columns import text
from app.models.metadata import METADATA

IDEMPOTENCY_KEYS = Table(
    "idempotency_keys",
    METADATA,
    # Of caller, method, path and key.
    Column("digest", text(64), primary_key=True),
    # A digest of who sent it, whose keys are counted.
    Column("caller", text(64), nullable=False, server_default="", index=True),
    Column("request_digest", text(64), nullable=False),
    # Null while the first request is still running.
    Column("status", Integer),
    Column("headers", text()),
    Column("body", LargeBinary),
    Column("date_expires", BigInteger, nullable=False, index=True),
)
