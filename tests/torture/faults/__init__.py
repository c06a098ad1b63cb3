"""Parts that fail: disks, databases, storages, connections."""
