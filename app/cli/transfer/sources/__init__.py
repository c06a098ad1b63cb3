"""What can be imported: folders, tables, and lists from other systems' APIs."""
