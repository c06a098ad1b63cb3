"""The client of the API that commands use, here or at another server.

Tested in `tests/cli/transfer/test_import_command.py`.
"""
