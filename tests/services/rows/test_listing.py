"""Collections by their names, and the version that changes with their rows."""

import pytest

from app.models import COLLECTION_STATES, Collection
from app.resources import REGISTRY
from app.services.rows import listing


@pytest.fixture
def tx(installation):
    with installation.database.writing() as tx:
        yield tx


def test_a_condition_reaches_the_source_that_a_kind_is_read_from():
    for name, kind in REGISTRY.items():
        assert listing.SOURCES[name] is kind.source


def test_every_relation_leads_to_a_kind_by_columns_that_both_have():
    for kind in REGISTRY.values():
        for link in kind.relations.values():
            target = REGISTRY[link.relation.kind].source
            assert link.relation.ours in kind.source.by_name, link.rel
            assert link.relation.theirs in target.by_name, link.rel


def test_a_change_counts_what_was_added_and_makes_the_version_higher(tx):
    before = listing.collection_version(tx, 1, Collection.DOWNLOADS)
    listing.note_change(tx, 1, Collection.DOWNLOADS, added=2)
    assert listing.collection_version(tx, 1, Collection.DOWNLOADS) == before + 1
    assert listing.collection_total(tx, 1, Collection.DOWNLOADS) == 2
    assert listing.collection_total(tx, 1, Collection.LIBRARY_FILES) == 0


@pytest.mark.parametrize("collection", [*Collection, None])
def test_a_change_of_a_store_that_is_not_there_is_an_error(tx, collection):
    with pytest.raises(LookupError, match="store 99"):
        listing.note_change(tx, 99, collection)


@pytest.mark.parametrize("collection", ["downlodables", "", "stores"])
def test_a_change_of_a_collection_that_is_not_there_is_an_error(tx, collection):
    with pytest.raises(LookupError, match="store 1: 0 instead of 1"):
        listing.note_change(tx, 1, collection)


def test_a_collection_whose_state_was_lost_is_an_error(tx):
    tx.execute(
        COLLECTION_STATES.delete().where(
            COLLECTION_STATES.c.collection == Collection.DOWNLOADS
        )
    )
    with pytest.raises(LookupError, match="5 instead of 6"):
        listing.note_change(tx, 1)
