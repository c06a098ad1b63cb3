"""What the methods of items and collections do."""
