"""Declarations of resources, and the documents that are built from them."""
