"""What the server does, without HTTP: rows and blobs."""
