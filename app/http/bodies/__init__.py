"""Request bodies, one module for each type."""
