"""What all tables share: pages, filters, searches."""
