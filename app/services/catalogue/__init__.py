"""What is for sale: stores, item categories, downloadables and their files."""
