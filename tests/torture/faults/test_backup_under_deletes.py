"""A backup while much is deleted: it has all files of its rows."""

import os
import subprocess
import sys
import threading
import time
from functools import partial

import pytest

from tests.cli.transfer.test_import_command import invoke
from tests.conftest import blobs, environment_for, start_server, stop_server, wait_until
from tests.torture.loads import ask, at_once, upload

CLIENTS = 4


@pytest.fixture
def server(tmp_path):
    server = start_server(
        tmp_path / "data", environment={"SIRENHALL_RATE_LIMIT": "none"}
    )
    yield server
    stop_server(server)


class Churn:
    """Creates and deletes downloadables until it is told to stop."""

    def __init__(self, server, seconds_between):
        self.server, self.pause = server, seconds_between
        self.is_over = threading.Event()
        self.deleted = 0
        self.failures = []
        self.threads = [
            threading.Thread(target=self.run, args=(number,))
            for number in range(CLIENTS)
        ]

    def run(self, number):
        count, there = 0, []
        while not self.is_over.is_set():
            count += 1
            made = upload(self.server, f"c{number}-{time.time_ns()}", b"x" * 20_000)
            if made.status != 201:
                self.failures.append(made)
                continue
            there.append(made.headers["Location"])
            if len(there) > 10:
                path = "/" + there.pop(0).split("/", 3)[3]
                gone = ask(self.server, "DELETE", path)
                self.deleted += gone.status == 200
                if gone.status != 200:
                    self.failures.append(gone)
            time.sleep(self.pause)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        for thread in self.threads:
            thread.join()


def test_each_backup_is_whole_also_after_one_that_was_killed(server, tmp_path, is_full):
    rounds, killed = (20, {5, 12}) if is_full else (4, {1})
    environment = environment_for(server.data_dir)
    many = [partial(upload, server, f"a{n}", bytes(200_000)) for n in range(60)]
    assert {answer.status for answer in at_once(8, many)} == {201}
    with Churn(server, 0.02) as churn:
        for number in range(rounds):
            target = tmp_path / f"copy{number % 2}"
            if number in killed:
                kill_a_backup(server, target, environment)
            said = invoke(
                "backup", target, "--data-dir", server.data_dir, environment=environment
            )
            assert said["findings"] == []
            verified = invoke("verify", "--data-dir", target, environment={})
            assert verified["findings"] == []
            assert verified["files"] >= 60
    assert churn.deleted > 10 * rounds
    assert churn.failures == []
    # What waited for a backup is gone once it has ended.
    assert wait_until(lambda: len(blobs(server.data_dir)) == files(server), 15)


def files(server):
    listed = ask(server, "GET", "/stores/1/downloadables?limit=1")
    return listed.json["total_items"]


def kill_a_backup(server, target, environment):
    command = [sys.executable, "-m", "app", "backup", str(target)]
    with subprocess.Popen(
        [*command, "--data-dir", str(server.data_dir)],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert wait_until((target / "files").exists, 20)
        time.sleep(0.1)
        process.kill()


def test_two_backups_at_a_time_are_refused(server, tmp_path):
    from app.database import Database
    from app.settings import Settings

    environment = environment_for(server.data_dir)
    settings = Settings.from_environment(environment, data_dir=server.data_dir)
    database = Database(settings.database)
    command = [sys.executable, "-m", "app", "backup", str(tmp_path / "copy"), "--json"]
    with database.removal_lock.held():
        found = subprocess.run(
            [*command, "--data-dir", str(server.data_dir)],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert found.returncode == 1
        assert "another backup or restore is running" in found.stderr
        made = upload(server, "a", b"x" * 10)
        assert made.status == 201
        assert ask(server, "DELETE", "/downloadables/1").status == 200
        time.sleep(2)
        assert len(blobs(server.data_dir)) == 1
    database.close()
    assert wait_until(lambda: not blobs(server.data_dir))
