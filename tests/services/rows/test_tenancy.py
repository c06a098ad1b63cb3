"""A row is found by its id by those alone who may access its store."""

import pytest

from app.errors import NotFound
from app.services.catalogue import downloadables, item_categories, stores
from app.services.principal import Principal
from app.services.scopes import STORE


@pytest.fixture
def item(api):
    return api.add()


@pytest.mark.parametrize(
    ("store_id", "is_found"), [(1, True), (2, False), (None, True)]
)
def test_a_row_is_of_its_store_alone(installation, item, store_id, is_found):
    principal = Principal(STORE, store_id)
    with installation.database.reading() as db:
        for find, row_id in (
            (downloadables.find_downloadable, item),
            (item_categories.find_category, 1),
            (stores.find_store, 1),
        ):
            if is_found:
                assert find(db, principal, row_id)["id"] == row_id
            else:
                with pytest.raises(NotFound) as refused:
                    find(db, principal, row_id)
                # It is refused in the same words as what is not there.
                with pytest.raises(NotFound) as missing:
                    find(db, principal, 999)
                assert str(refused.value) == str(missing.value)
