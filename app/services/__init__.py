"""The server's functions without HTTP: rows and blobs."""
