"""``python -m app`` is the `sirenhall` command.

Tested in `tests/test_packaging.py`.
"""

from app.cli import main

main()
