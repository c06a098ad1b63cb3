"""The properties of each resource: types, constraints, wording; marshmallow only.

Tested in `tests/resources`.
"""
