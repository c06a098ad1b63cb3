"""Caches whose keys come from clients: bounded in bytes, not only in entries.

A cache of 256 entries is no bound while one entry can be as long as a request. So a
long key is never cached: its result is computed each time, at its sender's cost.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

MAX_ENTRIES = 256
MAX_KEY = 512
"""Characters, or whatever else `size` counts, of a key that is cached."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def cache_short_keys(
    size: Callable[..., int], *, entries: int = MAX_ENTRIES, largest: int = MAX_KEY
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Cache a pure function for the arguments whose `size` is at most `largest`.

    `size` takes the same positional arguments as the function.
    """

    def decorate(compute: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        cached: Callable[..., Result] = lru_cache(maxsize=entries)(compute)

        @wraps(compute)
        def call(*args: Any, **options: Any) -> Result:
            if size(*args, **options) > largest:
                return compute(*args, **options)
            return cached(*args, **options)

        return call

    return decorate
