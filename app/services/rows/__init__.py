"""Functions for all tables: pages, filters, changes, searches."""
