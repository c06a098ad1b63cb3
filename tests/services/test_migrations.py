"""A database of an earlier version is brought to this one with what is in it."""

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from app import create_app, migrations
from app.database import Database
from tests.conftest import Api, settings_for

CATEGORY_TEXTS = (
    "default_weight_unit, default_length_unit, shipping_flat_rate_type, "
    "handling_fee_type, discount_type, discount_name, discount_details, admin_email, "
    "admin_email_template_uri, customer_email_template_uri"
)
ROWS = [
    """INSERT INTO stores (id, revision, store_name, store_domain, store_url,
       store_email, postal_code, region, country, locale_code, language, timezone,
       currency, logo_url, use_webhook, webhook_url, webhook_key, is_maintenance_mode,
       is_active, date_created, date_modified)
       VALUES (1, 1, 'Straße', 'old', 'https://o.example', 'a@o.example', '1', '-',
       'DE', 'de_DE', 'german', 'UTC', 'EUR', '', false, '', '', false, true, 1, 1)""",
    """INSERT INTO collection_states VALUES (1, 'item_categories', 1, 1)""",
    """INSERT INTO collection_states VALUES (1, 'downloadables', 1, 1)""",
    f"""INSERT INTO item_categories (id, store_id, revision, code, name,
       item_delivery_type, customs_value, handling_fee, {CATEGORY_TEXTS},
       send_customer_email, send_admin_email, date_created, date_modified)
       VALUES (1, 1, 1, 'OLD', 'Old', 'downloaded', 0, 0, 'LBS', 'in', 'per_order',
       'none', '', '', '', '', '', '', false, false, 1, 1)""",
    """INSERT INTO downloadables (id, store_id, item_category_id, revision, name, code,
       price, description, release_notes, is_archived, is_published,
       number_of_downloads, version_id, date_created, date_modified)
       VALUES (1, 1, 1, 1, 'Ünïcorn', 'old', 10000, '', '', false, true, 0, 1, 1, 1)""",
    """INSERT INTO versions (id, downloadable_id, number, blob_key, file_name,
       file_size, file_type, file_sha256, upload_date)
       VALUES (1, 1, 1, 'k', 'HORN.txt', 1, 'text/plain', 'x', 1)""",
]


@pytest.fixture
def old(tmp_path):
    """A data folder whose database is of the first version."""
    settings = settings_for(tmp_path / "data")
    settings.data_dir.mkdir()
    database = Database(settings.database)
    config = Config()
    config.set_main_option("script_location", "app:migrations")
    with database.writing() as tx:
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "0001")
        for row in ROWS:
            tx.connection.execute(text(row))
    database.close()
    return settings


def test_what_was_there_is_found_by_what_is_new(old):
    app = create_app(old)
    installation = app.extensions["sirenhall"]
    from app.services import access, scopes

    with installation.database.writing() as tx:
        _, token = access.create_token(tx, scope=scopes.STORE, store_id=1)
    api = Api(app.test_client(), token)
    for path, words in (
        ("/stores/1/downloadables", "ÜNÏCORN horn"),
        ("/stores/1/item_categories", "old"),
        ("/stores", "STRASSE"),
    ):
        assert api.get(path, query_string={"search": words}).json["total_items"] == 1
    made = api.post("/downloadables/1/attributes", json={"name": "a", "value": "b"})
    assert made.status_code == 201
    assert api.get("/downloadables/1").json["_embedded"]["fx:attributes"]
    installation.close()


def test_every_step_can_be_taken_back(old):
    create_app(old).extensions["sirenhall"].close()
    database = Database(old.database)
    config = Config()
    config.set_main_option("script_location", "app:migrations")
    for version in ("0001", migrations.HEAD):
        with database.writing() as tx:
            config.attributes["connection"] = tx.connection
            go = command.downgrade if version == "0001" else command.upgrade
            go(config, version)
    with database.reading() as db:
        cursor = db.driver.cursor()
        cursor.execute("SELECT search_text FROM downloadables")
        assert cursor.fetchall() == [("ünïcorn\nold\n\nhorn.txt",)]
    database.close()
