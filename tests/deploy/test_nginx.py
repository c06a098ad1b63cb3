"""A real nginx, set up as deploy/nginx.conf says, in front of a running server."""

import hashlib
import json
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Server, start_server, stop_server, wait_until

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
CONTENT = bytes(range(251)) * 4_000
pytestmark = pytest.mark.skipif(
    not Path(NGINX).exists(), reason="nginx is not installed (Debian: nginx-light)"
)
WHOLE = """
daemon off;
{user}
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Test-Address;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    """A server behind nginx; its URL is nginx's."""
    folder = tmp_path_factory.mktemp("nginx")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = start_server(
        folder / "data",
        environment={
            "SIRENHALL_TRUSTED_PROXIES": "1",
            "SIRENHALL_DELIVERY": "x-accel",
            "SIRENHALL_STORAGE_URL": "",
            "SIRENHALL_DOWNLOAD_ADDRESSES": "full",
        },
    )
    site = Path("deploy/nginx.conf").read_text()
    for stated, here in (
        ("127.0.0.1:8000", f"127.0.0.1:{server.port}"),
        ("listen 80", f"listen 127.0.0.1:{port}"),
        ("/var/lib/sirenhall/files/;", f"{folder / 'data' / 'files'}/;"),
        ("/var/log/nginx/sirenhall.log", str(folder / "access.log")),
    ):
        assert site.count(stated) == 1
        site = site.replace(stated, here)
    (folder / "site.conf").write_text(site)
    # Files are their owner's alone.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(WHOLE.format(folder=folder, user=user))
    nginx = subprocess.Popen([NGINX, "-c", str(folder / "nginx.conf")])
    seen = Server(
        server.process,
        f"http://127.0.0.1:{port}/",
        server.token,
        server.data_dir,
        server.log,
    )
    assert wait_until(lambda: seen.curl("-f", seen.url).returncode == 0, 20)
    yield seen
    nginx.terminate()
    nginx.wait(timeout=20)
    stop_server(server)


@pytest.fixture(scope="module")
def bought(behind, tmp_path_factory):
    """Give the customer's link for a file, and the purchase."""
    path = tmp_path_factory.mktemp("file") / "Fjörd 100%.bin"
    path.write_bytes(CONTENT)
    made = json.loads(
        behind.curl(
            *("-F", f"file=@{path}", "-F", "name=Fjord", "-F", "code=fjord"),
            *("-F", "price=1", "-F", "item_category_id=2"),
            f"{behind.url}stores/1/downloadables",
        ).stdout
    )
    assert made["file_size"] == len(CONTENT), made
    granted = json.loads(
        behind.curl(
            *("-d", f"downloadable_uri={made['_links']['self']['href']}"),
            *("-d", "max_downloads=0"),
            f"{behind.url}stores/1/downloadable_purchases",
        ).stdout
    )
    links = granted["_links"]
    return links["fx:download_url"]["href"], links["self"]["href"]


def fetched(behind, tmp_path, url, *options):
    """Give the status, the headers in small letters, and the body."""
    head, body = tmp_path / "head", tmp_path / "body"
    behind.curl("-D", str(head), "-o", str(body), *options, url, token=False)
    lines = head.read_text("latin-1").splitlines()
    headers = {
        name.lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines[1:])
    }
    data = body.read_bytes() if body.exists() else b""
    return int(lines[0].split()[1]), headers, data


def test_links_are_those_of_the_proxy(behind, bought):
    assert all(link.startswith(behind.url) for link in bought)


def test_nginx_sends_the_file_under_our_headers(behind, bought, tmp_path):
    status, headers, data = fetched(behind, tmp_path, bought[0])
    assert (status, data) == (200, CONTENT)
    assert headers["server"].startswith("nginx")
    assert headers["etag"] == f'"{hashlib.sha256(CONTENT).hexdigest()}"'
    assert "filename*=UTF-8''Fj%C3%B6rd%20100%25.bin" in headers["content-disposition"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert headers["cache-control"] == "private, no-store"
    assert headers["repr-digest"].startswith("sha-256=:")
    assert headers["last-modified"]
    assert "x-accel-redirect" not in headers


@pytest.mark.parametrize(
    ("sent", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=1000-", 1000, None),
        ("bytes=-77", -77, None),
        ("bytes=500-999", 500, 1000),
        (f"bytes=10-{len(CONTENT) * 2}", 10, None),
    ],
)
def test_ranges_are_byte_for_byte(behind, bought, tmp_path, sent, start, stop):
    status, headers, data = fetched(behind, tmp_path, bought[0], "-H", f"Range: {sent}")
    assert (status, data) == (206, CONTENT[start:stop])
    assert headers["content-range"].endswith(f"/{len(CONTENT)}")


def test_several_ranges_are_byte_for_byte(behind, bought, tmp_path):
    status, headers, data = fetched(
        behind, tmp_path, bought[0], "-H", "Range: bytes=0-9,100-199"
    )
    assert status == 206
    assert headers["content-type"].startswith("multipart/byteranges")
    assert CONTENT[:10] in data
    assert CONTENT[100:200] in data


def test_a_download_is_resumed_only_while_the_file_is_the_same(
    behind, bought, tmp_path
):
    tag = f'"{hashlib.sha256(CONTENT).hexdigest()}"'
    for sent, status, length in ((tag, 206, 100), ('"other"', 200, len(CONTENT))):
        options = ("-H", "Range: bytes=-100", "-H", f"If-Range: {sent}")
        got, _headers, data = fetched(behind, tmp_path, bought[0], *options)
        assert (got, len(data)) == (status, length)


@pytest.mark.parametrize(
    ("option", "status"),
    [
        ('If-None-Match: "{tag}"', 304),
        ('If-Match: "{tag}"', 200),
        ('If-Match: "other"', 412),
        ("Range: bytes=99999999-", 416),
    ],
)
def test_conditions_are_ours(behind, bought, tmp_path, option, status):
    option = option.format(tag=hashlib.sha256(CONTENT).hexdigest())
    got, headers, _data = fetched(behind, tmp_path, bought[0], "-H", option)
    assert got == status
    if status == 416:
        assert headers["content-range"] == f"bytes */{len(CONTENT)}"


def test_it_is_counted_once_and_told_with_the_customers_address(
    behind, bought, tmp_path
):
    tag = hashlib.sha256(CONTENT).hexdigest()
    for options in ((), ("-H", f'If-Match: "{tag}"')):
        assert fetched(behind, tmp_path, bought[0], *options)[0] == 200
    shown = json.loads(behind.curl(bought[1]).stdout)
    assert shown["number_of_downloads"] == 1
    listed = json.loads(behind.curl(shown["_links"]["fx:downloads"]["href"]).stdout)
    [download] = listed["_embedded"]["fx:downloads"]
    # Completed by the one whose condition nginx could not have answered.
    assert download["outcome"] == "completed"
    assert download["bytes_sent"] >= len(CONTENT)
    assert download["address"] == "127.0.0.1"


@pytest.mark.parametrize("path", ["sirenhall-files/", "sirenhall-files/blobs/00/00"])
def test_nobody_reaches_the_files_themselves(behind, tmp_path, path):
    status, _headers, _data = fetched(behind, tmp_path, f"{behind.url}{path}")
    assert status == 404


def test_a_refusal_is_ours(behind, tmp_path):
    status, headers, data = fetched(behind, tmp_path, f"{behind.url}dl?p=none")
    assert status == 404
    assert "hal+json" in headers["content-type"]
    assert b"download link" in data


def test_an_upload_that_breaks_off_is_kept_as_far_as_it_came(behind, bought):
    """What nginx would hold back until it has all of it would be lost."""
    listed = json.loads(behind.curl(f"{behind.url}stores/1/downloadables").stdout)
    item = listed["_embedded"]["fx:downloadables"][0]
    create = item["_links"]["fx:create_upload_url"]["href"]
    slot = json.loads(behind.curl("-d", "", create).stdout)["upload_url"]
    tus = ("-H", "Tus-Resumable: 1.0.0")
    behind.curl(*tus, "-X", "POST", "-H", "Upload-Length: 1000000", slot, token=False)
    host, _, port = slot.split("/")[2].partition(":")
    with socket.create_connection((host, int(port))) as connection:
        path = slot[slot.index("/uploads") :]
        connection.sendall(
            f"PATCH {path} HTTP/1.1\r\nHost: {host}:{port}\r\n"
            "Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Length: 1000000\r\n"
            "Content-Type: application/offset+octet-stream\r\n\r\n".encode()
            + CONTENT[:300_000]
        )

    def offset():
        head = behind.curl("-I", *tus, slot, token=False).stdout.lower()
        found = [line for line in head.splitlines() if line.startswith("upload-offset")]
        return int(found[0].partition(":")[2]) if found else 0

    # nginx may drop the last piece that it has not passed on.
    assert wait_until(lambda: offset() > 200_000, 10), offset()


@pytest.mark.parametrize(
    "query",
    [
        "name:not=%D9%83%D8%AA%D8%A7%D8%A8" * 1 + "%D9%83%D8%AA%D8%A7%D8%A8" * 10,
        "name:not=" + "x" * 1600,
        "name:not=" + "x" * 7000,
    ],
)
def test_a_long_query_fits_into_its_default_buffers(behind, tmp_path, query):
    url = f"{behind.url}stores/1/downloadables?{query}&limit=1&offset=1"
    head = tmp_path / "head"
    answer = behind.curl("-s", "-o", "/dev/null", "-w", "%{http_code}", "-D", head, url)
    assert answer.stdout == "200"
    assert len(head.read_bytes()) < 4096


def test_its_log_has_no_link_and_no_slot(behind, tmp_path):
    made = behind.curl("-X", "POST", f"{behind.url}stores/1/upload_url").stdout
    slot = json.loads(made)["upload_url"]
    path = tmp_path / "file"
    path.write_bytes(b"x")
    behind.curl("-T", path, slot, token=False)
    behind.curl(f"{behind.url}dl?p=a-secret-link", token=False)
    log = behind.data_dir.parent / "access.log"
    assert wait_until(lambda: "GET /dl" in log.read_text())
    written = log.read_text()
    assert "PUT /uploads/***" in written
    assert slot.rpartition("/")[2] not in written
    assert "a-secret-link" not in written


@pytest.mark.parametrize(
    ("addresses", "other"),
    [("192.0.2.1", "192.0.2.2"), ("2001:db8:1:2:{0:x}::{0:x}", "2001:db8:1:3::1")],
    ids=["IPv4", "IPv6"],
)
def test_one_network_has_64_requests_at_a_time_and_is_still_seen(
    behind, addresses, other
):
    port = int(behind.url.rpartition(":")[2].strip("/"))
    clients = []
    for number in range(70):
        client = socket.create_connection(("127.0.0.1", port), timeout=20)
        client.sendall(
            b"PUT /uploads/none HTTP/1.1\r\nHost: a\r\nX-Test-Address: "
            + addresses.format(number + 1).encode()
            + b"\r\nContent-Length: 5000\r\n\r\nslowly"
        )
        clients.append(client)

    def status(path, address=addresses):
        options = ("-s", "-o", "/dev/null", "-w", "%{http_code}")
        sent = ("-H", f"X-Test-Address: {address.format(999)}")
        return behind.curl(*options, *sent, behind.url + path).stdout

    assert wait_until(lambda: status("stores/1") == "429")
    assert status("stores/1", other) == "200"
    assert status("health/live") == "200"
    for client in clients:
        client.close()
    assert wait_until(lambda: status("stores/1") == "200", 20)
