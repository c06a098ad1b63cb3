"""The base of all schemas: properties, their types and their errors.

Tested in `tests/schemas/test_declarations.py`.
"""
