"""Everything about HTTP that no resource owns."""
