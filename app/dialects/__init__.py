"""The same catalogue spoken as other systems' APIs: thin adapters, one module each.

A client of such a system changes its base URL and its credentials. No adapter has rows
or rules of its own: what is made in one is seen in all.
"""
