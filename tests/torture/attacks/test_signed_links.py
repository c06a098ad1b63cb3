"""A signed link with each of its bits turned, and at each moment around its end."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest


@pytest.fixture
def link(api):
    """Give a signed link for an hour, and its parameters."""
    api.upload(b"file", "file.txt", code="a")
    bought = api.post("/stores/1/downloadable_purchases", json={"downloadable_id": 1})
    limits = {"max_downloads": 0}
    api.patch(bought.headers["Location"], json=limits)
    path = re.sub("^https?://[^/]+", "", bought.headers["Location"])
    answer = api.post(f"{path}/signed_url", json={"expires_in": 3600})
    url = re.sub("^https?://[^/]+", "", answer.json["signed_url"])
    assert api.get(url).status_code == 200
    return url


def test_each_bit_counts(anonymous, link):
    query = link.partition("?")[2]
    start = len(link) - len(query)
    # Letters of the parameters' names only lead to other parameters.
    tried = 0
    for position in range(start, len(link)):
        for bit in range(8):
            turned = chr(ord(link[position]) ^ (1 << bit))
            if turned in "#\x7f" or ord(turned) < 0x21 or ord(turned) > 0x7E:
                turned = f"%{ord(turned) % 256:02X}"
            sent = link[:position] + turned + link[position + 1 :]
            answer = anonymous.get(sent)
            assert answer.status_code in {400, 404}, sent
            tried += 1
    assert tried > 700


def test_each_cut_and_extension_counts(anonymous, link):
    start = link.index("?")
    for end in range(start, len(link)):
        assert anonymous.get(link[:end]).status_code in {400, 404}, link[:end]
    for more in ("0", "a", "&signature=0", "&p=2", "&expires=9999999999"):
        assert anonymous.get(link + more).status_code in {400, 404}, more


@pytest.mark.parametrize(
    ("seconds", "status"),
    [
        (-7200, 200),
        (-3601, 200),
        (0, 200),
        (3599, 200),
        (3600, 410),
        (3661, 410),
        (7200, 410),
        (86_400 * 400, 410),
    ],
)
def test_it_ends_at_its_second(anonymous, link, monkeypatch, seconds, status):
    # Counted from the link's own end: a second may pass after it was made.
    [expires] = parse_qs(urlsplit(link).query)["expires"]
    moment = int(expires) - 3600 + seconds
    for module in ("app.resources.downloads.now", "app.services.clock.now"):
        monkeypatch.setattr(module, lambda: moment, raising=False)
    assert anonymous.get(link).status_code == status
