"""Requests that mean harm: strange, huge, forged, or of another store."""
