"""From when to when a signed link is valid, to the second."""

import pytest

from app.errors import LinkExpired, UnknownLink
from app.services.sales import downloads
from app.services.sales.signed_links import link_parameters, verify_signed_link
from schemas.signed_link import MAX_SECONDS

MOMENT = 1_800_000_000


@pytest.fixture
def verify(api, installation):
    """Verify a link that expires at a second, at another one."""
    item = api.upload(b"x", "x.txt")
    path = "/stores/1/downloadable_purchases"
    made = api.post(path, json={"downloadable_id": item}).json
    number = int(made["_links"]["self"]["href"].rpartition("/")[2])

    def verified(expires, moment, /, **changes):
        with installation.database.reading() as db:
            record = downloads.get_unscoped(db, number)
            sent = link_parameters(number, record["download_passcode"], expires)
            return verify_signed_link(db, {**sent, **changes}, moment)["id"] == number

    return verified


def test_the_longest_link_is_valid_in_its_first_second(verify):
    assert verify(MOMENT + MAX_SECONDS, MOMENT)


def test_a_link_for_longer_than_that_was_signed_by_nobody(verify):
    with pytest.raises(UnknownLink):
        verify(MOMENT + MAX_SECONDS + 1, MOMENT)


def test_a_link_is_valid_up_to_the_second_before_it_expires(verify):
    assert verify(MOMENT + 1, MOMENT)
    with pytest.raises(LinkExpired):
        verify(MOMENT, MOMENT)


@pytest.mark.parametrize(
    "changes",
    [
        {"p": ""},
        {"p": "x"},
        {"p": "999"},
        {"expires": ""},
        {"expires": "-1"},
        {"expires": str(MOMENT + 2)},
        {"signature": ""},
        {"signature": "0" * 64},
    ],
)
def test_each_part_of_a_link_counts(verify, changes):
    with pytest.raises(UnknownLink):
        verify(MOMENT + 1, MOMENT, **changes)
