"""Import and export of what a store sells."""
