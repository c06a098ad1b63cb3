"""Alembic migrations, shipped with the package and applied at start."""

HEAD = "0011"
"""The newest revision; a start that finds it in the database imports no Alembic."""
