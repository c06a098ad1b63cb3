"""A large upload does not raise the memory of the server."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import blobs, start_server, stop_server

SIZE = 512 * 2**20


@pytest.fixture
def alone(tmp_path):
    server = start_server(tmp_path / "data", "--workers", "1")
    yield server
    stop_server(server)


def peak_of_workers(server):
    """The highest resident size of the worker processes so far, in bytes."""
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(server.process.pid)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return max(
        int(line.split()[1]) * 1024
        for pid in children
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )


def test_an_upload_is_streamed_and_written_once(alone, tmp_path):
    big = tmp_path / "big.bin"
    with big.open("wb") as file:
        file.truncate(SIZE)

    def upload(path, code):
        return json.loads(
            alone.curl(
                *("-F", f"file=@{path}", "-F", "name=Big", "-F", f"code={code}"),
                *("-F", "price=1", "-F", "item_category_id=2"),
                f"{alone.url}stores/1/downloadables",
            ).stdout
        )

    small = tmp_path / "small.bin"
    small.write_bytes(b"x" * 1000)
    upload(small, "small")
    before = peak_of_workers(alone)
    created = upload(big, "big")
    assert created["file_size"] == SIZE
    assert peak_of_workers(alone) - before < 16 * 2**20
    assert len(blobs(alone.data_dir)) == 2
