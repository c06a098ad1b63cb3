"""What changes along with a row, wherever it is changed."""

import pytest

from app.models import COLLECTION_STATES, DOWNLOADABLES, Collection
from app.services.rows import changes, listing


@pytest.fixture
def tx(installation):
    with installation.database.writing() as tx:
        yield tx


def test_a_change_counts_what_was_added_and_makes_the_version_higher(tx):
    before = listing.collection_version(tx, 1, Collection.DOWNLOADS)
    changes.bump_collection(tx, 1, Collection.DOWNLOADS, added=2)
    assert listing.collection_version(tx, 1, Collection.DOWNLOADS) == before + 1
    assert listing.collection_total(tx, 1, Collection.DOWNLOADS) == 2
    assert listing.collection_total(tx, 1, Collection.LIBRARY_FILES) == 0


@pytest.mark.parametrize("collection", Collection)
def test_a_change_of_a_store_that_is_not_there_is_an_error(tx, collection):
    with pytest.raises(LookupError, match="store 99"):
        changes.bump_collection(tx, 99, collection)


@pytest.mark.parametrize("collection", ["downlodables", "", "stores"])
def test_a_change_of_a_collection_that_is_not_there_is_an_error(tx, collection):
    with pytest.raises(LookupError, match="store 1 has no collection"):
        changes.bump_collection(tx, 1, collection)


def test_a_collection_whose_state_was_lost_is_an_error(tx):
    tx.execute(
        COLLECTION_STATES.delete().where(
            COLLECTION_STATES.c.collection == Collection.DOWNLOADS
        )
    )
    with pytest.raises(LookupError, match=f"instead of {len(Collection)} collections"):
        changes.bump_all_collections(tx, 1)


def test_a_change_of_all_makes_each_version_higher(tx):
    before = [listing.collection_version(tx, 1, name) for name in Collection]
    changes.bump_all_collections(tx, 1)
    after = [listing.collection_version(tx, 1, name) for name in Collection]
    assert after == [version + 1 for version in before]


def test_a_row_gets_a_revision_dates_and_the_text_that_a_search_finds(tx, api):
    values = {"store_id": 1, "code": "A", "name": "Groß", "item_category_id": 2}
    row = {**EMPTY, **values}
    total = listing.collection_total(tx, 1, Collection.DOWNLOADABLES)
    number = changes.insert_row(
        tx,
        DOWNLOADABLES,
        row,
        collection=Collection.DOWNLOADABLES,
        searchable=("name", "code"),
    )
    assert shown(tx, number) == (1, "gross\na")
    assert listing.collection_total(tx, 1, Collection.DOWNLOADABLES) == total + 1
    record = {**row, "id": number}
    changes.update_row(
        tx, DOWNLOADABLES, record, {"name": "KLEIN"}, searchable=("name", "code")
    )
    assert shown(tx, number) == (2, "klein\na")
    is_it = DOWNLOADABLES.c.id == number
    assert changes.update_rows(tx, DOWNLOADABLES, is_it, {"price": 2}) == 1
    assert shown(tx, number) == (3, "klein\na")
    assert not changes.update_rows(tx, DOWNLOADABLES, DOWNLOADABLES.c.id == 0, {})


EMPTY = {
    "uuid": "u",
    "price": 1,
    "description": "",
    "release_notes": "",
    "is_archived": False,
    "is_published": True,
    "number_of_downloads": 0,
}


def shown(tx, number):
    query = DOWNLOADABLES.select().where(DOWNLOADABLES.c.id == number)
    row = tx.connection.execute(query).one()
    assert row.date_created <= row.date_modified
    return row.revision, row.search_text
