"""Fixtures: an application over a fresh data folder, and clients that talk to it."""

import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.database import Snapshot, Statement
from app.http.routing import EXTENSION
from app.services import scopes
from app.services.auth import authentication
from app.services.operations.installation import open_installation
from app.services.operations.provisioning import provision
from app.settings import Settings
from tests import databases, storages

# Shared machines are slow now and then; what is slow always shows in benchmarks/.
hypothesis.settings.register_profile("default", deadline=None, max_examples=60)
hypothesis.settings.load_profile("default")


INDEPENDENT = (
    "tests/cli/transfer/test_codes.py",
    "tests/test_log_stream.py",
    "tests/cli/test_worker.py",
    "tests/clients/test_javascript_clients.py",
    "tests/http/headers/test_body_headers.py",
    "tests/http/headers/test_content_disposition.py",
    "tests/http/middleware/test_response_header_size.py",
    "tests/http/headers/test_accept.py",
    "tests/http/bodies/test_multipart_scanner.py",
    "tests/http/headers/test_prefer.py",
    "tests/http/bodies/test_unreadable_bodies.py",
    "tests/representations/",
    "tests/schemas/",
    "tests/storage/",
    "tests/test_caching.py",
    "tests/test_packaging.py",
    "tests/test_writer_queue.py",
    "tests/torture/attacks/test_browser.py",
    "tests/torture/faults/test_hung_s3.py",
    "tests/torture/load/test_kept_memory.py",
    "tests/torture/faults/test_open_files.py",
    "tests/torture/attacks/test_parser_cost.py",
    "tests/torture/attacks/test_raw_requests.py",
    "tests/torture/attacks/test_refused_bodies.py",
    "tests/torture/load/test_slow_clients.py",
    "tests/torture/attacks/test_strange_requests.py",
    "tests/torture/attacks/test_xml_attacks.py",
    "tests/wire/test_openapi.py",
)
"""Tests of what neither the database nor the storage has a part in."""

WITHOUT_FILES = (
    "tests/http/views/test_bulk.py",
    "tests/http/middleware/test_cors.py",
    "tests/http/bodies/test_json_patch.py",
    "tests/http/test_one_text.py",
    "tests/http/test_pagination.py",
    "tests/http/test_error_handler.py",
    "tests/http/middleware/test_proxies.py",
    "tests/http/query/test_parser.py",
    "tests/http/test_rate_limit.py",
    "tests/http/hypermedia/test_embedding.py",
    "tests/resources/test_attributes.py",
    "tests/resources/test_home.py",
    "tests/resources/test_item_categories.py",
    "tests/resources/test_oauth.py",
    "tests/resources/test_property_helpers.py",
    "tests/resources/documentation/test_rels.py",
    "tests/resources/operations/test_security_txt.py",
    "tests/resources/test_stores.py",
    "tests/resources/test_tokens.py",
    "tests/resources/test_translations.py",
    "tests/resources/test_webhooks.py",
    "tests/torture/faults/test_busy_database.py",
    "tests/torture/crashes/test_killed_migration.py",
    "tests/torture/crashes/test_last_download.py",
    "tests/torture/crashes/test_model.py",
    "tests/torture/attacks/test_signed_links.py",
    "tests/torture/attacks/test_tenant_matrix.py",
)
"""Tests of what no file has a part in."""

WITHOUT_ROWS = (
    "tests/clients/test_generic_clients.py",
    "tests/clients/test_tus_clients.py",
    "tests/deploy/",
    "tests/http/files/test_file_response.py",
    "tests/http/headers/test_byte_ranges.py",
    "tests/torture/faults/test_broken_connections.py",
    "tests/torture/faults/test_failing_s3.py",
    "tests/torture/load/test_flat_memory.py",
    "tests/torture/faults/test_replaced_file.py",
    "tests/torture/load/test_sent_bytes.py",
    "tests/torture/attacks/test_signed_links.py",
    "tests/torture/crashes/test_stopped_server.py",
)
"""Tests of files, and of connections, in which rows have little part."""


ENDURANCE = ("tests/browser/", "tests/clients/", "tests/deploy/", "tests/torture/")
"""Tests of whole servers under load, faults and attacks, by other programs too."""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Run a single file in this process: to start others takes longer than it does."""
    if len(config.args) == 1 and ".py" in config.args[0]:
        config.option.dist = "no"
        return 0
    return None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="the database that the server under test uses",
    )
    parser.addoption(
        "--storage",
        choices=("folder", "s3"),
        default="folder",
        help="where the server under test keeps its files",
    )
    parser.addoption(
        "--affected",
        action="store_true",
        help="run only tests in which the database, and the storage, have a part",
    )
    parser.addoption(
        "--full",
        action="store_true",
        help="run the torture tests at the sizes of docs/reliability.md, for hours",
    )


def pytest_configure(config: pytest.Config) -> None:
    names = [Path(arg).absolute() for arg in config.args]
    folders = [config.rootpath / folder for folder in ENDURANCE]
    if config.getoption("--full") or any(
        name.is_relative_to(folder) for name in names for folder in folders
    ):
        # Whoever names such a test wants it.
        config.option.markexpr = ""
    if hasattr(config, "workerinput"):
        return
    storages.offer()
    os.environ[storages.CHOSEN] = config.getoption("--storage")
    if config.getoption("--database") == "sqlite":
        os.environ.pop(databases.GIVEN, None)
    else:
        databases.use_postgresql()


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Mark tests of endurance, and leave out what the options leave out."""
    for item in items:
        if item.nodeid.startswith(ENDURANCE):
            item.add_marker(pytest.mark.endurance)
    if not config.getoption("--affected"):
        return
    others: tuple[str, ...] = INDEPENDENT
    others += WITHOUT_FILES if storages.is_s3() else ()
    others += WITHOUT_ROWS if databases.is_postgresql() else ()
    left_out = [item for item in items if item.nodeid.startswith(others)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.nodeid.startswith(others)]


def pytest_report_header() -> str:
    database = "postgresql" if databases.is_postgresql() else "sqlite"
    return f"database: {database}, storage: {os.environ[storages.CHOSEN]}"


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        databases.stop_postgresql()
        storages.stop()


def settings_for(data_dir: Path, **more: Any) -> Settings:
    """Give the settings of a server over a data folder and its database."""
    kept = {
        "database_url": databases.database_url(data_dir),
        "storage_url": storages.storage_url(data_dir),
    }
    return Settings(data_dir=data_dir, **{**kept, **more})


def environment_for(data_dir: Path) -> dict[str, str]:
    """Give the variables by which a command finds the same database and files."""
    return {
        "SIRENHALL_DATABASE_URL": databases.database_url(data_dir),
        "SIRENHALL_STORAGE_URL": storages.storage_url(data_dir),
    }


FORMATS = {
    "hal": "application/hal+json",
    "siren": "application/vnd.siren+json",
    "xml": "application/hal+xml",
}


OTHER_STORE = {
    "store_name": "Other",
    "store_domain": "other",
    "store_url": "https://other.example",
    "store_email": "a@other.example",
    "postal_code": "1",
    "region": "-",
    "country": "DE",
}


@dataclass
class Api:
    """A test client with a token; paths as they are, answers as Werkzeug has them."""

    client: FlaskClient
    token: str | None

    def request(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = dict(options.pop("headers", {}))
        accept = options.pop("accept", None)
        if accept is not None:
            headers["Accept"] = accept
        if self.token and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {self.token}"
        return self.client.open(
            path, method=method, headers=headers, buffered=True, **options
        )

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> TestResponse:
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> TestResponse:
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        return self.request("DELETE", path, **options)

    def errors(self, response: TestResponse) -> dict[str, str]:
        """Give the codes of an error answer by property."""
        entries = response.json["_embedded"]["fx:errors"]
        return {entry.get("property", ""): entry["code"] for entry in entries}

    def add(self, **changes: Any) -> int:
        """Create a downloadable as JSON, and give its id."""
        values = {"name": "Unicorn", "code": "unicorn", "price": 10, **changes}
        values.setdefault("item_category_id", 2)
        response = self.post("/stores/1/downloadables", json=values)
        assert response.status_code == 201, response.text
        return int(response.headers["Location"].rpartition("/")[2])

    def upload(
        self, content: bytes = b"file content", file_name: str = "a.txt", **changes: Any
    ) -> int:
        """Create a downloadable with its file, and give its id."""
        values = {"name": "Unicorn", "code": "unicorn", "price": "10", **changes}
        values.setdefault("item_category_id", "2")
        data = {**values, "file": (io.BytesIO(content), file_name)}
        response = self.post("/stores/1/downloadables", data=data)
        assert response.status_code == 201, response.text
        return int(response.headers["Location"].rpartition("/")[2])


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that was made ready once, to be copied."""
    folder = tmp_path_factory.mktemp("prepared") / "data"
    provision(settings_for(folder)).close()
    return folder


def provisioned_app(settings: Settings):
    """The application over a data folder that is created first, or upgraded."""
    provision(settings).close()
    return create_app(settings)


@pytest.fixture
def data_dir(prepared: Path, tmp_path: Path) -> Path:
    databases.copy_database(prepared, tmp_path / "data")
    return Path(shutil.copytree(prepared, tmp_path / "data"))


@pytest.fixture
def settings() -> dict[str, Any]:
    """Settings of the application; a test module may override the fixture."""
    return {}


@pytest.fixture(scope="session")
def shared_app(prepared: Path) -> Flask:
    """An application whose installation is exchanged for each test's own.

    To create one takes longer than most tests do.
    """
    app = create_app(settings_for(prepared))
    app.extensions.pop(EXTENSION).close()
    return app


@pytest.fixture
def app(data_dir: Path, settings: dict[str, Any], shared_app: Flask) -> Iterator[Flask]:
    own = settings_for(data_dir, **settings)
    before = dict(shared_app.extensions)
    app = create_app(own) if settings else shared_app
    if not settings:
        app.extensions[EXTENSION] = open_installation(own)
    yield app
    app.extensions[EXTENSION].close()
    shared_app.extensions.clear()
    shared_app.extensions.update(before)


@pytest.fixture
def installation(app):
    return app.extensions["sirenhall"]


@pytest.fixture
def api(app, installation) -> Api:
    return Api(app.test_client(), installation.starter_token)


@pytest.fixture
def anonymous(app) -> Api:
    return Api(app.test_client(), None)


def token_for(installation, scope: str, store_id: int | None) -> str:
    with installation.database.writing() as tx:
        return authentication.create_token(tx, scope=scope, store_id=store_id)[1]


@pytest.fixture
def operator(app, installation) -> Api:
    """A client that may create stores."""
    return Api(app.test_client(), token_for(installation, scopes.CLIENT, None))


@pytest.fixture
def reader(app, installation) -> Api:
    """A client that may only read."""
    return Api(app.test_client(), token_for(installation, scopes.READER, 1))


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch) -> list[Statement]:
    """Note the selects of requests."""
    seen = []
    rows = Snapshot.rows

    def counted(self, statement, **parameters):
        seen.append(statement)
        return rows(self, statement, **parameters)

    monkeypatch.setattr(Snapshot, "rows", counted)
    return seen


def blobs(data_dir: Path) -> list[Path]:
    """All files that the storage holds, finished and unfinished, once each."""
    if not storages.is_s3():
        return [path for path in (data_dir / "files").rglob("*") if path.is_file()]
    prefix = storages.s3_url(data_dir).partition("?")[0].rpartition("/")[2]
    with closing(storages.client()) as client:
        objects = client.list_objects_v2(Bucket=storages.BUCKET, Prefix=prefix)
        uploads = client.list_multipart_uploads(Bucket=storages.BUCKET, Prefix=prefix)
    names = {
        found["Key"].partition(".")[0].replace("/partial/", "/blobs/")
        for found in (*objects.get("Contents", ()), *uploads.get("Uploads", ()))
    }
    # That a process uploads is told by an object of its own, and is no file.
    return [Path(name) for name in names if "/alive/" not in name]


@dataclass
class Server:
    """A server started by the command of the README."""

    process: subprocess.Popen[str]
    url: str
    token: str
    data_dir: Path
    log: Path

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2].strip("/"))

    def curl(self, *arguments: str, token: bool = True) -> subprocess.CompletedProcess:
        authorization = ["-H", f"Authorization: Bearer {self.token}"] if token else []
        return subprocess.run(
            ["curl", "-sS", *authorization, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


def start_server(
    data_dir: Path, *options: str, environment: dict[str, str] | None = None
) -> Server:
    log = data_dir.parent / f"{data_dir.name}.log"
    everything = {**os.environ, **environment_for(data_dir), **(environment or {})}
    with log.open("w") as errors:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "app", "serve", "--port", "0", "--json"),
                *("--data-dir", str(data_dir), *options),
            ],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=everything,
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, log.read_text()
    said = json.loads(line)
    token = said["token"]
    if token is None and environment:
        # Behind a proxy, as in production, none is printed.
        token = make_token(data_dir, everything)
    return Server(process, said["url"], token, data_dir, log)


def make_token(data_dir: Path, environment: dict[str, str]) -> str:
    command = [sys.executable, "-m", "app", "token", "create", "--store", "1"]
    made = subprocess.run(
        [*command, "--data-dir", str(data_dir)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


def stop_server(server: Server) -> None:
    server.process.terminate()
    server.process.wait(timeout=60)
    assert server.process.stdout is not None
    server.process.stdout.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory):
    """A running server with the demo catalogue; tests share it."""
    server = start_server(tmp_path_factory.mktemp("server") / "data", "--demo")
    yield server
    stop_server(server)


@pytest.fixture
def is_full(request: pytest.FixtureRequest) -> bool:
    """Tell whether the torture tests are to run at full size."""
    return bool(request.config.getoption("--full"))


def wait_until(condition, seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())
