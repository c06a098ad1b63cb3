"""A database of an earlier version is brought to this one with what is in it."""

from uuid import UUID

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app import create_app, migrations
from app.database import Database
from app.engines import SQLITE
from app.errors import ConfigurationError
from app.services.operations.migration import schema_version
from app.services.operations.provisioning import provision_if_empty
from tests.conftest import Api, provisioned_app, settings_for

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
    # The same name, but composed otherwise, and the same code twice.
    """INSERT INTO downloadables (id, store_id, item_category_id, revision, name, code,
       price, description, release_notes, is_archived, is_published,
       number_of_downloads, version_id, date_created, date_modified)
       VALUES (2, 1, 1, 1, 'Cafe\u0301 İstanbul', 'cafe\u0301', 10000, '', '', false,
       true, 0, NULL, 1, 1), (3, 1, 1, 1, 'Other', 'caf\u00e9', 10000, '', '', false,
       true, 0, NULL, 1, 1)""",
    """INSERT INTO versions (id, downloadable_id, number, blob_key, file_name,
       file_size, file_type, file_sha256, upload_date)
       VALUES (1, 1, 1, 'k', 'HORN.txt', 1, 'text/plain', 'x', 1)""",
]


@pytest.fixture
def old(tmp_path):
    """A data folder whose database is of the first version."""
    settings = settings_for(tmp_path / "data", secret_key="k" * 32)
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
    app = provisioned_app(old)
    installation = app.extensions["sirenhall"]
    from app.services import scopes
    from app.services.auth import authentication

    with installation.database.writing() as tx:
        _, token = authentication.create_token(tx, scope=scopes.STORE, store_id=1)
    api = Api(app.test_client(), token)
    for path, words in (
        ("/stores/1/downloadables", "ÜNÏCORN horn"),
        ("/stores/1/item_categories", "old"),
        ("/stores", "STRASSE"),
    ):
        assert api.get(path, query_string={"search": words}).json["total_items"] == 1
    for query, number in (
        ({"search": "istanbul"}, 2),
        ({"search": "CAF\u00c9 istanbul"}, 2),
        ({"name": "caf\u00e9*|name=Caf\u00e9*"}, 2),
        ({"code": "caf\u00e9"}, 3),
    ):
        page = api.get(
            "/stores/1/downloadables", query_string={**query, "fields": "id"}
        )
        hrefs = [
            one["_links"]["self"]["href"]
            for one in page.json["_embedded"]["fx:downloadables"]
        ]
        assert [int(href.rpartition("/")[2]) for href in hrefs] == [number], query
    made = api.post("/downloadables/1/attributes", json={"name": "a", "value": "b"})
    assert made.status_code == 201
    assert api.get("/downloadables/1").json["_embedded"]["fx:attributes"]
    installation.close()


def test_a_table_that_is_made_anew_keeps_what_refers_to_it(tmp_path):
    settings = settings_for(tmp_path / "data", secret_key="k" * 32)
    settings.data_dir.mkdir()
    database = Database(settings.database)
    config = Config()
    config.set_main_option("script_location", "app:migrations")
    purchase = """INSERT INTO downloadable_purchases (store_id, downloadable_id,
        version_id, revision, customer_id, customer_email, quantity, is_active,
        number_of_downloads, download_passcode, date_created, date_modified)
        VALUES (1, 1, 2, 1, '', '', 1, true, 0, 'secret', 1, 1)"""
    with database.writing() as tx:
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "0001")
        for row in ROWS:
            tx.connection.execute(text(row))
        command.upgrade(config, "0007")
        again = ROWS[-1].replace("VALUES (1, 1, 1, 'k'", "VALUES ({0}, 1, {0}, 'k{0}'")
        for number in (2, 3):
            tx.connection.execute(text(again.format(number)))
        tx.connection.execute(text(purchase))
        tx.connection.execute(text("DELETE FROM versions WHERE id = 3"))
    database.close()
    app = provisioned_app(settings)
    installation = app.extensions["sirenhall"]
    with installation.database.writing() as tx:
        found = tx.connection.execute(
            text(
                "SELECT p.version_id, v.blob_key, f.position, d.uuid, f.uuid "
                "FROM downloadable_purchases p JOIN versions v ON v.id = p.version_id "
                "JOIN downloadables d ON d.id = v.downloadable_id "
                "JOIN files f ON f.downloadable_id = d.id"
            )
        ).fetchall()
        assert [tuple(row)[:3] for row in found] == [(2, "k2", 0)]
        assert all(str(UUID(uuid)) == uuid for uuid in found[0][3:])
        with pytest.raises(DBAPIError):
            tx.connection.execute(text("DELETE FROM versions WHERE id = 2"))
    installation.close()


# By id: the version, the url. 1 has both, 2 a url, 3 nothing, for its file is archived.
MAIN_FILES = {1: (1, "https://e.example/1"), 2: (None, "https://e.example/2"), 3: ()}
# By id: downloadable, main, library file, url, archived. The order is that of the ids.
FILES_OF_BEFORE = [
    (1, 1, False, 2, None, False),
    (2, 1, True, None, None, False),
    (3, 2, True, None, None, False),
    (4, 1, False, None, "https://e.example/4", True),
    (5, 3, False, 2, None, True),
]
FILE_KEYS = {1: 1, 2: 0, 3: -4}


def fill_before_0012(connection):
    """Insert main files and others, a library file and downloads, as 0011 had them."""
    for number, content in MAIN_FILES.items():
        version_id, url = content or (None, None)
        connection.execute(
            text("UPDATE downloadables SET version_id = :v, url = :u WHERE id = :i"),
            {"v": version_id, "u": url, "i": number},
        )
    connection.execute(
        text(
            """INSERT INTO versions (id, store_id, number, blob_key, file_name,
            file_size, file_type, file_sha256, upload_date)
            VALUES (2, 1, 0, 'l', 'library.txt', 1, 'text/plain', 'x', 1)"""
        )
    )
    connection.execute(text("DELETE FROM files"))
    for row in FILES_OF_BEFORE:
        names = ("id", "downloadable", "main", "version", "url", "archived")
        connection.execute(
            text(
                """INSERT INTO files (id, store_id, downloadable_id, uuid, revision,
                is_main, version_id, url, name, title, alt, is_archived, date_created,
                date_modified) VALUES (:id, 1, :downloadable, :uuid, 1, :main,
                :version, :url, '', '', '', :archived, 1, 1)"""
            ),
            {**dict(zip(names, row, strict=True)), "uuid": f"u{row[0]}"},
        )
    connection.execute(
        text(
            """INSERT INTO downloadable_purchases (id, store_id, downloadable_id,
            revision, customer_id, customer_email, quantity, is_active,
            number_of_downloads, download_passcode, date_created, date_modified)
            VALUES (1, 1, 1, 1, '', '', 1, true, 0, 'secret', 1, 1)"""
        )
    )
    for number, key in FILE_KEYS.items():
        connection.execute(
            text(
                """INSERT INTO downloads (id, store_id, downloadable_purchase_id,
                downloadable_id, file_key, revision, open_until, bytes_sent, outcome,
                address, user_agent, date_created, date_modified)
                VALUES (:id, 1, 1, 1, :key, 1, 0, 0, 'started', '', '', 1, 1)"""
            ),
            {"id": number, "key": key},
        )


def test_the_main_file_moves_among_the_files_and_back(old):
    database = Database(old.database)
    config = Config()
    config.set_main_option("script_location", "app:migrations")

    def query(tx, text_of_query):
        return [tuple(row) for row in tx.connection.execute(text(text_of_query))]

    with database.migrating() as tx:
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "0011")
        fill_before_0012(tx.connection)
    with database.migrating() as tx:
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "0012")
        assert query(
            tx,
            "SELECT downloadable_id, position, id, version_id, url FROM files "
            "ORDER BY downloadable_id, position",
        ) == [
            (1, 0, 2, *MAIN_FILES[1]),
            (1, 1, 1, 2, None),
            (1, 2, 4, None, "https://e.example/4"),
            (2, 0, 3, *MAIN_FILES[2]),
            (3, 1, 5, 2, None),
        ]
        numbers = query(tx, "SELECT id, number FROM versions ORDER BY id")
        assert numbers == [(1, 1), (2, None)]
        downloads = "SELECT id, version_id, file_id FROM downloads ORDER BY id"
        assert query(tx, downloads) == [(1, 1, None), (2, None, None), (3, None, 4)]
    with database.migrating() as tx:
        config.attributes["connection"] = tx.connection
        command.downgrade(config, "0011")
        assert query(
            tx, "SELECT id, version_id, url FROM downloadables ORDER BY id"
        ) == [
            (number, *(content or (None, None)))
            for number, content in MAIN_FILES.items()
        ]
        assert [
            (*row[:2], bool(row[2]), *row[3:5], bool(row[5]))
            for row in query(
                tx,
                "SELECT id, downloadable_id, is_main, version_id, url, is_archived "
                "FROM files ORDER BY id",
            )
        ] == FILES_OF_BEFORE
        assert query(tx, "SELECT number FROM versions WHERE id = 2") == [(0,)]
        keys = query(tx, "SELECT id, file_key FROM downloads ORDER BY id")
        assert dict(keys) == FILE_KEYS
    database.close()


# When, what became of it, bytes; the last one is of another day in Los Angeles.
DOWNLOADS_OF_BEFORE = [
    (1, 1_700_000_000, "completed", 10),
    (1, 1_700_000_100, "redirected", 0),
    (2, 1_700_000_200, "started", 4),
    (1, 1_700_040_000, "completed", 10),
]


def test_downloads_of_before_are_summed_by_the_days_of_their_store(old):
    database = Database(old.database)
    config = Config()
    config.set_main_option("script_location", "app:migrations")
    with database.migrating() as tx:
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "0013")
        zone = "UPDATE stores SET timezone = 'America/Los_Angeles'"
        tx.connection.execute(text(zone))
        for purchase in (1, 2):
            tx.connection.execute(
                text(
                    """INSERT INTO downloadable_purchases (id, store_id,
                    downloadable_id, revision, customer_id, customer_email, quantity,
                    is_active, number_of_downloads, download_passcode, date_created,
                    date_modified)
                    VALUES (:id, 1, 1, 1, '', '', 1, true, 0, :secret, 1, 1)"""
                ),
                {"id": purchase, "secret": f"secret{purchase}"},
            )
        for purchase, moment, outcome, sent in DOWNLOADS_OF_BEFORE:
            tx.connection.execute(
                text(
                    """INSERT INTO downloads (store_id, downloadable_purchase_id,
                    downloadable_id, revision, open_until, bytes_sent, outcome, address,
                    user_agent, date_created, date_modified)
                    VALUES (1, :purchase, 1, 1, 0, :sent, :outcome, '', '', :at, :at)"""
                ),
                {"purchase": purchase, "at": moment, "outcome": outcome, "sent": sent},
            )
    with database.migrating() as tx:
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "0015")
        found, of_store, months = (
            [tuple(row) for row in tx.connection.execute(text(f"SELECT * FROM {name}"))]
            for name in ("download_days", "store_days", "download_months")
        )
    database.close()
    # store, day, downloads, purchases, completed, redirected, bytes
    assert sorted(of_store) == [
        (1, "2023-11-14", 3, 2, 1, 1, 14),
        (1, "2023-11-15", 1, 0, 1, 0, 10),
    ]
    assert months == [(1, "2023-11", 1, 4, 2, 2, 1, 24)]
    assert sorted(found) == [
        # store, day, downloadable, downloads, purchases, completed, redirected, bytes
        (1, "2023-11-14", 1, 3, 2, 1, 1, 14),
        (1, "2023-11-15", 1, 1, 0, 1, 0, 10),
    ]


def test_no_id_of_before_is_given_again(old):
    provisioned_app(old).extensions["sirenhall"].close()
    database = Database(old.database)
    if database.engine.dialect.name == SQLITE:
        with database.writing() as tx:
            query = "SELECT seq FROM sqlite_sequence WHERE name = 'versions'"
            assert tx.connection.exec_driver_sql(query).scalar() == 1
    database.close()


def test_what_shares_a_blob_is_no_obstacle_to_going_back(old):
    installation = provisioned_app(old).extensions["sirenhall"]
    with installation.database.writing() as tx:
        again = ROWS[-1].replace("VALUES (1, 1, 1, 'k'", "VALUES (2, 1, 2, 'k'")
        tx.connection.execute(text(again))
    installation.close()
    database = Database(old.database)
    config = Config()
    config.set_main_option("script_location", "app:migrations")
    for version in ("0007", migrations.HEAD):
        with database.migrating() as tx:
            config.attributes["connection"] = tx.connection
            go = command.downgrade if version == "0007" else command.upgrade
            go(config, version)
    database.close()


def test_every_step_can_be_taken_back(old):
    provisioned_app(old).extensions["sirenhall"].close()
    database = Database(old.database)
    config = Config()
    config.set_main_option("script_location", "app:migrations")
    for version in ("0001", migrations.HEAD):
        with database.migrating() as tx:
            config.attributes["connection"] = tx.connection
            go = command.downgrade if version == "0001" else command.upgrade
            go(config, version)
    with database.reading() as db:
        cursor = db.driver.cursor()
        cursor.execute("SELECT search_text FROM downloadables WHERE id = 1")
        assert cursor.fetchall() == [("ünïcorn\nold\n\nhorn.txt",)]
    database.close()


def test_a_newer_database_is_said_in_one_line(tmp_path):
    settings = settings_for(tmp_path / "data")
    provisioned_app(settings).extensions["sirenhall"].close()
    database = Database(settings.database)
    with database.writing() as tx:
        tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    for opened in (provisioned_app, create_app):
        with pytest.raises(ConfigurationError, match="is of a newer version") as found:
            opened(settings)
        assert "\n" not in str(found.value)
        assert migrations.HEAD in str(found.value)


def test_the_application_refuses_an_older_database_and_leaves_it_alone(old):
    with pytest.raises(ConfigurationError, match="older version: run `sirenhall migr"):
        create_app(old)
    assert not provision_if_empty(old)
    database = Database(old.database)
    assert schema_version(database) == "0001"
    provisioned_app(old).extensions["sirenhall"].close()
    assert schema_version(database) == migrations.HEAD
    database.close()
    create_app(old).extensions["sirenhall"].close()


def test_the_newest_revision_is_known():
    assert migrations.is_known(migrations.HEAD)
    assert not migrations.is_known("9999")
