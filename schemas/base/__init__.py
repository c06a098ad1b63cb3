"""The base of all schemas: properties, their types and their errors."""
