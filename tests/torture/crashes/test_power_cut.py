"""The power is cut: what was acknowledged is there on the disk as it was then.

The data folder is on a file system in a file (ext4 on a loop device). While the server
stands still a copy of that file is made: it has what was written through to the disk,
and lacks what was in memory only, as a disk does after a power cut.
"""

import os
import shutil
import signal
import subprocess
import time
from types import SimpleNamespace

import pytest

from tests import databases, storages
from tests.cli.transfer.test_import_command import invoke
from tests.conftest import blobs, environment_for, start_server
from tests.torture.crashes.test_kill_loop import (
    CLIENTS,
    MANY,
    Client,
    check,
    kill,
    pids,
)
from tests.torture.loads import ask

pytestmark = pytest.mark.skipif(
    databases.is_postgresql() or storages.is_s3(), reason="it is about our own disk"
)


@pytest.fixture
def disk(tmp_path):
    """Make a file system in a file, mounted, which needs to be root."""
    image, folder = tmp_path / "image", tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(96 * 2**20)
    if not shutil.which("mkfs.ext4"):
        pytest.skip("there is no mkfs.ext4")
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    mount(image, folder)
    yield image, folder
    unmount(folder)


def mount(image, folder):
    folder.mkdir(exist_ok=True)
    command = ["mount", "-o", "loop", str(image), str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this user cannot mount a file system")


def unmount(folder):
    subprocess.run(["umount", "-l", str(folder)], check=False)


def started(data_dir):
    environment = {**environment_for(data_dir), **MANY}
    server = start_server(data_dir, environment=environment)
    while ask(server, "GET", "/health/ready").status != 200:
        time.sleep(0.02)
    return server


def test_what_was_acknowledged_before_the_cut_is_there(disk, tmp_path, is_full):
    image, folder = disk
    known = [{} for _ in range(CLIENTS)]
    acknowledged = 0
    for number in range(30 if is_full else 2):
        server = started(folder / "data")
        clients = [Client(server, n, known[n]) for n in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(0.3 + number % 5 * 0.17)
        for pid in pids(server):
            os.kill(pid, signal.SIGSTOP)
        # What was answered arrives.
        time.sleep(0.1)
        before = [
            SimpleNamespace(
                known=dict(client.known),
                possible=dict(client.possible),
                lost=list(client.lost),
            )
            for client in clients
        ]
        shutil.copyfile(image, tmp_path / "cut")
        kill(server)
        for client in clients:
            client.join()
            acknowledged += client.acknowledged
        # Here the memory was not lost; it goes on from what is there.
        server = started(folder / "data")
        for client in clients:
            check(server, client)
        kill(server)
        after_the_cut(tmp_path, before)
    (tmp_path / "report.txt").write_text(f"{acknowledged} acknowledged")


def after_the_cut(tmp_path, before):
    folder = tmp_path / "after"
    mount(tmp_path / "cut", folder)
    try:
        server = started(folder / "data")
        for client in before:
            check(server, client)
        kill(server)
        environment = environment_for(folder / "data")
        for command in ("sweep", "verify"):
            said = invoke(
                command, "--data-dir", folder / "data", environment=environment
            )
        assert said["findings"] == []
        assert not [p for p in blobs(folder / "data") if "incoming" in p.parts]
    finally:
        unmount(folder)
