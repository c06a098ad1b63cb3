"""Header fields, one module each: parsed and decided by pure functions."""
