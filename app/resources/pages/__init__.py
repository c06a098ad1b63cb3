"""Pages that are of no resource: to sign in, to download, to look at data."""
