"""The views of items and collections."""
