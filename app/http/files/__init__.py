"""Files: send them to clients, and receive raw uploads."""
