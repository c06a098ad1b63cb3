"""The API's own documentation: relations, profiles, problem types, OpenAPI."""
