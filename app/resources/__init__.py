"""The resources, one module each: what it is, and what is its own in its views."""
