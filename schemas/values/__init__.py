"""Conversion and comparison of values: money, dates, texts, URLs.

Tested in `tests/schemas/test_declarations.py`.
"""
