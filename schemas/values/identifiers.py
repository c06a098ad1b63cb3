"""The form of ids."""

ID = "[1-9][0-9]{0,17}"
"""The pattern of an id: a whole number that fits 64 bits, without leading zeros."""
