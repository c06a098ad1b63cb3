"""The query language of collections: from a query string to conditions."""
