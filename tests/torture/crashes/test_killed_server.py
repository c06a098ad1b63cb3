"""A server that is killed in the middle of an upload: nothing of it is seen.

Each kind of upload, on each storage: what came is not shown, a sweep removes it, and
what can be resumed is, with the right digest.
"""

import hashlib
import json
import os
import signal
import socket
import subprocess
import time

import pytest

from tests import storages
from tests.cli.transfer.test_import_command import invoke
from tests.conftest import environment_for, start_server, stop_server, wait_until

CONTENT = os.urandom(24 * 2**20)
CUT = 17 * 2**20
TUS = ("-H", "Tus-Resumable: 1.0.0")


@pytest.fixture(params=["folder", "s3"])
def environment(request, tmp_path, monkeypatch):
    # The server is dead: there is nobody whose rows a sweep has to wait for.
    storages.hurry(monkeypatch)
    data_dir = tmp_path / "data"
    url = storages.s3_url(data_dir) if request.param == "s3" else ""
    return {**environment_for(data_dir), "SIRENHALL_STORAGE_URL": url}


@pytest.fixture
def start(tmp_path, environment):
    servers = []

    def started():
        server = start_server(
            tmp_path / "data", "--workers", "1", environment=environment
        )
        servers.append(server)
        return server

    yield started
    stop_server(servers[-1])


def kill(server):
    """Kill the server and its workers, as a power cut does."""
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(server.process.pid)],
        capture_output=True,
        text=True,
        check=True,
    )
    for pid in (server.process.pid, *map(int, listed.stdout.split())):
        os.kill(pid, signal.SIGKILL)
    server.process.wait()
    server.process.stdout.close()


def send_part(server, method, path, headers, body):
    """Send the first part of a request, and give the connection."""
    connection = socket.create_connection(("127.0.0.1", server.port))
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{server.port}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
    return connection


def json_of(server, *arguments):
    return json.loads(server.curl(*arguments).stdout)


def made(server, code):
    new = {"name": code, "code": code, "price": 1, "item_category_id": 2}
    store = f"{server.url}stores/1/downloadables"
    kind = ("-H", "Content-Type: application/json")
    item = json_of(server, *kind, "-d", json.dumps(new), store)
    slot = json_of(
        server, "-X", "POST", "-d", "", item["_links"]["fx:create_upload_url"]["href"]
    )
    return item["_links"]["self"]["href"], slot["upload_url"]


def path_of(url):
    return "/" + url.split("/", 3)[3]


def sweep(tmp_path, environment):
    options = ("--data-dir", tmp_path / "data")
    invoke("sweep", *options, environment=environment)
    return invoke("verify", *options, environment=environment)


@pytest.mark.parametrize("kind", ["multipart", "file", "slot"])
def test_what_had_not_come_whole_was_never_there(start, tmp_path, environment, kind):
    server = start()
    item, slot = made(server, "item")
    token = {"Authorization": f"Bearer {server.token}"}
    size = {"Content-Length": str(len(CONTENT) + 1000)}
    if kind == "multipart":
        head = (
            b'--X\r\nContent-Disposition: form-data; name="name"\r\n\r\nnew\r\n'
            b'--X\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
        )
        form = {"Content-Type": "multipart/form-data; boundary=X"}
        connection = send_part(
            server,
            "POST",
            "/stores/1/downloadables",
            {**token, **size, **form},
            head + CONTENT[:CUT],
        )
    elif kind == "file":
        path = path_of(item) + "/file"
        connection = send_part(server, "PUT", path, {**token, **size}, CONTENT[:CUT])
    else:
        connection = send_part(server, "PUT", path_of(slot), size, CONTENT[:CUT])
    # By now the worker has read what was sent.
    time.sleep(1)
    kill(server)
    connection.close()
    server = start()
    listed = json_of(server, f"{server.url}stores/1/downloadables")
    [only] = listed["_embedded"]["fx:downloadables"]
    assert only["file_name"] is None
    file = f"{path_at(server, item)}/file"
    assert server.curl("-o/dev/null", "-w%{http_code}", file).stdout == "404"
    said = sweep(tmp_path, environment)
    assert said == {"files": 0, "findings": []}
    assert stored(environment, tmp_path) == []


def test_what_can_be_resumed_is_resumed(start, tmp_path, environment):
    server = start()
    item, slot = made(server, "item")
    server.curl(
        *(*TUS, "-X", "POST", "-H", f"Upload-Length: {len(CONTENT)}", slot),
        token=False,
    )
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
        "Content-Length": str(len(CONTENT)),
    }
    connection = send_part(
        server, "PATCH", path_of(slot), headers, CONTENT[: 23 * 2**20]
    )

    def offset(server):
        head = server.curl("-I", *TUS, path_at(server, slot), token=False).stdout
        [line] = [x for x in head.splitlines() if x.lower().startswith("upload-offset")]
        return int(line.partition(":")[2])

    # A part of it is noted on the way.
    assert wait_until(lambda: offset(server) > 0, 20)
    kill(server)
    connection.close()
    # What is under way is no orphan.
    assert sweep(tmp_path, environment)["findings"] == []
    server = start()
    there = offset(server)
    assert 0 < there < len(CONTENT)
    rest = tmp_path / "rest"
    rest.write_bytes(CONTENT[there:])
    done = server.curl(
        *(*TUS, "-X", "PATCH", "-H", f"Upload-Offset: {there}"),
        *("-H", "Content-Type: application/offset+octet-stream"),
        *("-w", "%{http_code}", "--data-binary", f"@{rest}", path_at(server, slot)),
        token=False,
    )
    assert done.stdout == "204"
    shown = json_of(server, path_at(server, item))
    assert shown["file_sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert sweep(tmp_path, environment) == {"files": 1, "findings": []}
    assert len(stored(environment, tmp_path)) == 1


def path_at(server, url):
    """Give the same path on the server that was started anew."""
    return server.url + url.split("/", 3)[3]


def stored(environment, tmp_path):
    """All that the storage has, also parts that were never put together."""
    if not environment["SIRENHALL_STORAGE_URL"]:
        files = (tmp_path / "data" / "files").rglob("*")
        return [path for path in files if path.is_file()]
    prefix = storages.s3_url(tmp_path / "data").partition("?")[0].rpartition("/")[2]
    client = storages.client()
    found = {"Bucket": storages.BUCKET, "Prefix": prefix}
    names = [
        *client.list_objects_v2(**found).get("Contents", ()),
        *client.list_multipart_uploads(**found).get("Uploads", ()),
    ]
    client.close()
    return names
