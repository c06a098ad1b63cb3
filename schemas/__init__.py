"""The properties of each resource: types, constraints, wording; marshmallow only."""
