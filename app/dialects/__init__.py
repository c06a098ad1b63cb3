"""The catalogue under other systems' APIs: thin adapters, one package each.

A client of such a system changes its base URL and its credentials. Adapters have no
rows or rules of their own: what is created through one is visible in all.

Tested in `tests/dialects/test_matrix.py`.
"""
