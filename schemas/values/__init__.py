"""Conversion and comparison of values: money, dates, texts, URLs."""
