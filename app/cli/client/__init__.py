"""The client of the API that commands use, here or at another server."""
