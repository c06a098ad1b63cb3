"""Files: sent to clients, and received as they are."""
