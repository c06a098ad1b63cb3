"""`sirenhall serve`, as a newcomer and a script meet it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from tests.conftest import environment_for, start_server, stop_server

COMMAND = [sys.executable, "-m", "app"]


def run(*arguments, environment=None):
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **(environment or {})},
    )


@pytest.fixture
def plain_output(tmp_path):
    """What a start prints for people, up to its end."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", "--data-dir", str(tmp_path / "data")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Press Ctrl+C"):
            break
    yield "".join(lines)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=60)
    process.stdout.close()


def test_the_first_line_tells_scripts_the_address(plain_output):
    first = plain_output.partition("\n")[0]
    found = re.fullmatch(
        r"Sirenhall is listening at (http://127\.0\.0\.1:[1-9]\d+/)", first
    )
    assert found
    with urllib.request.urlopen(found[1]) as response:
        assert response.status == 200


def test_every_line_that_is_printed_to_be_pasted_works(plain_output):
    script = plain_output.partition("sell a file.")[2].partition("Press Ctrl+C")[0]
    commands = re.split(r"\n\n|\n(?=  curl)", script.strip())
    assert len(commands) >= 4
    for command in commands:
        result = subprocess.run(
            ["bash", "-c", command.strip() + " -sS --fail"],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert result.returncode == 0, (command, result.stdout, result.stderr)
    assert "hello.txt" in result.stdout


def test_json_is_one_object_with_all_that_is_needed(server, tmp_path):
    other = start_server(tmp_path / "data")
    try:
        assert other.token != server.token
        assert other.curl(other.url).returncode == 0
    finally:
        stop_server(other)


def test_a_second_start_has_the_same_token_and_the_demo_once(tmp_path):
    tokens, totals = [], []
    for _ in range(2):
        server = start_server(tmp_path / "data", "--demo", "--workers", "1")
        tokens.append(server.token)
        page = json.loads(server.curl(f"{server.url}stores/1/downloadables").stdout)
        totals.append(page["total_items"])
        stop_server(server)
    assert tokens[0] == tokens[1]
    assert totals == [5, 5]


def test_the_demo_has_real_files(server):
    page = json.loads(server.curl(f"{server.url}stores/1/downloadables").stdout)
    kinds = {
        "application/pdf": b"%PDF",
        "audio/wav": b"RIFF",
        "image/png": b"\x89PNG",
        "application/zip": b"PK",
    }
    items = [
        item
        for item in page["_embedded"]["fx:downloadables"]
        if item["code"] in {"knots", "tides", "foghorn", "sirens", "evening"}
    ]
    assert len(items) == 5
    for item in items:
        href = item["_links"]["fx:file"]["href"]
        request = urllib.request.Request(
            href, headers={"Authorization": f"Bearer {server.token}"}
        )
        with urllib.request.urlopen(request) as response:
            content = response.read()
        assert content.startswith(kinds[item["file_type"]])
        assert len(content) == item["file_size"]


def test_a_port_in_use_is_said_at_once(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("serve", "--port", str(port), "--data-dir", str(tmp_path / "d"))
    assert result.returncode == 1
    assert f"cannot listen at 127.0.0.1:{port}" in result.stderr
    assert "--port" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("SIRENHALL_PRT", "1", "unknown setting SIRENHALL_PRT"),
        ("SIRENHALL_PORT", "http", "whole number"),
        ("SIRENHALL_MAX_FILE_SIZE", "big", "5GiB"),
        ("SIRENHALL_PUBLIC_URL", "shop.example", "http or https"),
        ("SIRENHALL_REQUIRE_API_VERSION", "perhaps", "true or false"),
        ("SIRENHALL_STORAGE_URL", "ftp://x", "must be file:"),
        ("SIRENHALL_DATABASE_URL", "foo", "must be sqlite:"),
        ("SIRENHALL_DATABASE_URL", "mysql://localhost/x", "must be sqlite:"),
        ("SIRENHALL_DATABASE_URL", "postgresql://u:secret@127.0.0.1:1/x", "u:***@"),
        ("SIRENHALL_DATABASE_URL", "sqlite://", "must be sqlite:"),
    ],
)
def test_a_wrong_setting_stops_the_start(tmp_path, variable, value, says):
    result = run(
        *("serve", "--port", "0", "--data-dir", str(tmp_path / "d")),
        environment={variable: value},
    )
    assert result.returncode == 1
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_help_and_version_are_worth_reading():
    for arguments in (
        ["--help"],
        ["serve", "--help"],
        ["token", "--help"],
        ["token", "create", "--help"],
    ):
        result = run(*arguments)
        assert result.returncode == 0
        assert "Usage:" in result.stdout
    assert "--demo" in run("serve", "--help").stdout
    assert re.fullmatch(r"Sirenhall \d+\.\d+\.\d+\n", run("--version").stdout)
    assert run("serve", "--nonsense").returncode == 2


def test_a_public_address_keeps_the_token_out_of_the_output(tmp_path):
    server = start_server(tmp_path / "data", "--host", "0.0.0.0")
    try:
        assert server.token is None
        assert server.url.startswith("http://127.0.0.1:")
    finally:
        stop_server(server)


@pytest.mark.parametrize(
    "environment",
    [
        {"SIRENHALL_PUBLIC_URL": "https://downloads.example"},
        {"SIRENHALL_TRUSTED_PROXIES": "1"},
        {"JOURNAL_STREAM": "8:12345"},
    ],
)
@pytest.mark.parametrize("as_json", [True, False])
def test_no_journal_and_no_public_server_is_told_the_token(
    tmp_path, environment, as_json
):
    text = first_output(tmp_path, environment, as_json=as_json)
    assert "sirenhall_" not in text
    assert ('"token": null' if as_json else "sirenhall token create") in text


def test_a_newcomer_is_told_the_token_also_through_a_pipe(tmp_path):
    assert "sirenhall_" in first_output(tmp_path, {}, as_json=False)


def first_output(tmp_path, environment, *, as_json):
    """Give what a start prints before it serves."""
    options = ["--json"] if as_json else []
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "app", "serve", "--port", "0"),
            *("--data-dir", str(tmp_path / "data"), *options),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **environment_for(tmp_path / "data"), **environment},
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        if as_json or "Ctrl+C" in line:
            break
    process.terminate()
    process.wait(60)
    process.stdout.close()
    return "".join(lines)
