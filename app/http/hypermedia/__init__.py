"""Declarations of resources, and the documents that are built from them.

Tested in `tests/wire/test_formats.py`.
"""
