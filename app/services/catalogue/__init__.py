"""The catalogue: stores, item categories, downloadables and their files."""
