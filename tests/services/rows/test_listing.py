"""Collections by their names, and the statements for their pages and totals."""

import pytest

from app.models import Collection
from app.resources import REGISTRY
from app.services.catalogue import downloadables
from app.services.rows import listing
from app.services.rows.filters import EVERYTHING, Compare, Exists
from tests.conftest import OTHER_STORE

# Sources beside the kinds of resources: what dialects list, and rows with more columns.
OF_DIALECTS = {
    *("media", "identified_file", "identified_library_file"),
    *("downloadable_with_offer", "purchase_with_file"),
}


def test_sources_are_those_of_the_kinds_and_those_named_here():
    assert set(listing.SOURCES) == {*REGISTRY, *OF_DIALECTS}
    for name, kind in REGISTRY.items():
        assert listing.SOURCES[name] is kind.source


def test_every_relation_leads_to_a_kind_by_columns_that_both_have():
    for kind in REGISTRY.values():
        for link in kind.relations.values():
            target = REGISTRY[link.relation.kind].source
            assert link.relation.ours in kind.source.by_name, link.rel
            assert link.relation.theirs in target.by_name, link.rel


BY_CODE = Exists("item_category", "item_category_id", "id", Compare("code", "=", "a"))


@pytest.mark.parametrize(
    ("condition", "order", "joins"),
    [
        (None, (), False),
        (Compare("name", "=", "Song"), (listing.Order("price"),), False),
        (BY_CODE, (), False),
        (Compare("file_name", "=", "song.mp3"), (), True),
        (Compare("url", "=", "https://example.com"), (), True),
        (None, (listing.Order("file_size", is_descending=True),), True),
    ],
)
def test_only_what_is_asked_for_is_joined_to_the_rows_that_a_page_skips(
    condition, order, joins
):
    chosen = listing.Selection(condition or EVERYTHING, order)
    of_store = listing.Listing(downloadables.SOURCE, "store_id")
    page = listing._page_statement(of_store, chosen.shape, chosen.order)
    ids = str(page.select).split("IN (SELECT", 1)[1]
    assert ("JOIN files" in ids) is joins
    count = listing._count_statement(of_store, chosen.shape)
    assert ("JOIN files" in str(count.select)) is (joins and condition is not None)


def test_a_snapshot_tells_collections_and_stores_apart(api, operator, installation):
    api.add()
    operator.post("/stores", json=OTHER_STORE)
    with installation.database.reading() as db:
        totals = {
            name: listing.collection_total(db, 1, name)
            for name in (Collection.DOWNLOADABLES, Collection.ITEM_CATEGORIES)
        }
        other = listing.collection_total(db, 2, Collection.DOWNLOADABLES)
        first, second, both = (listing.version_of_all(db, i) for i in (1, 2, None))
    assert totals == {Collection.DOWNLOADABLES: 1, Collection.ITEM_CATEGORIES: 2}
    assert other == 0
    assert both == first + second
