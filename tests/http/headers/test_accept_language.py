"""Accept-Language: ranges by their weights, the best first, and no more than twenty."""

import pytest

from app.http.headers.accept_language import language_ranges


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("ar", ("ar",)),
        ("en-GB,en;q=0.8, ar ;q = 0.9", ("en-gb", "ar", "en")),
        ("ar;q=0, de", ("de",)),
        ("ar;q=0.001, de", ("de", "ar")),
        ("de, ar", ("de", "ar")),
        ("*;q=0.1, fr", ("fr", "*")),
        ("", ()),
        (";;,,é, a_b, x;q=2", ()),
        ("a" * 5000, ()),
        (",".join(["de"] * 500), ("de",) * 20),
        (",".join(["fr"] * 19 + ["de"]), ("fr",) * 19 + ("de",)),
        (",".join(["fr"] * 20 + ["de"]), ("fr",) * 20),
    ],
)
def test_accept_language_is_read(header, found):
    assert language_ranges(header) == found
