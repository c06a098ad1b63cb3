"""`wsgi:app`, as other servers than ours import it."""

import os
import subprocess
import sys

from app.services.operations.provisioning import provision
from tests.conftest import environment_for, settings_for

ASK = """
import wsgi
print(wsgi.app.test_client().get("/health/live").status_code)
"""


def imported(data_dir):
    environment = environment_for(data_dir) | {"SIRENHALL_DATA_DIR": str(data_dir)}
    return subprocess.run(
        [sys.executable, "-c", ASK],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_creates_a_store_in_an_empty_folder_and_says_how_to_get_a_token(tmp_path):
    first, second = (imported(tmp_path / "data") for _ in range(2))
    assert first.stdout == second.stdout == "200\n"
    assert "run `sirenhall token create --store 1`" in first.stderr
    assert str(tmp_path / "data") in first.stderr
    assert "token create" not in second.stderr


def test_many_workers_that_start_together_create_one_store(tmp_path):
    environment = environment_for(tmp_path) | {"SIRENHALL_DATA_DIR": str(tmp_path)}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", ASK],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(4)
    ]
    assert [worker.communicate()[0] for worker in started] == [b"200\n"] * 4
    installation = provision(settings_for(tmp_path))
    with installation.database.reading() as db:
        cursor = db.driver.cursor()
        cursor.execute("SELECT count(*) FROM stores")
        assert cursor.fetchall() == [(1,)]
    installation.close()
