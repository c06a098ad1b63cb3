"""Import and export of what a store sells.

Tested in `tests/cli/transfer/test_import_command.py`.
"""
