"""What all tables share: pages, filters, changes, searches."""
