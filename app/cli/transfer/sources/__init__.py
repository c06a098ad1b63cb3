"""Sources of an import: folders, tables, and lists from other systems' APIs."""
