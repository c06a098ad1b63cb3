"""Header fields, one module each, as pure functions."""
