"""HTTP: everything that is not specific to a resource."""
