"""What a resource declares, and the documents that are built from it."""
