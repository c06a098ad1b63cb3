"""What the server does, without HTTP: rows and blobs in, rows and blobs out."""
