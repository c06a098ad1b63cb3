"""Collections by their names, and the version that changes with their rows."""

from app.resources import REGISTRY
from app.services.rows import listing


def test_a_condition_reaches_the_source_that_a_kind_is_read_from():
    for name, kind in REGISTRY.items():
        assert listing.SOURCES[name] is kind.source


def test_every_relation_leads_to_a_kind_by_columns_that_both_have():
    for kind in REGISTRY.values():
        for link in kind.relations.values():
            target = REGISTRY[link.relation.kind].source
            assert link.relation.ours in kind.source.by_name, link.rel
            assert link.relation.theirs in target.by_name, link.rel
