"""Whether the server is well, for operators' tools."""

import shutil

import pytest

from tests import storages


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
@pytest.mark.parametrize("accept", [None, "text/html", "application/hal+xml"])
def test_a_server_that_is_well_says_so_to_everybody(anonymous, path, accept):
    answer = anonymous.get(path, accept=accept)
    assert answer.status_code == 200
    assert "ok" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    always = anonymous.get(path, accept=accept, headers={"If-None-Match": "*"})
    assert always.status_code == 200


@pytest.mark.skipif(storages.is_s3(), reason="a folder's own trouble")
def test_without_its_files_it_lives_and_is_not_ready(anonymous, data_dir):
    shutil.rmtree(data_dir / "files")
    assert anonymous.get("/health/live").status_code == 200
    answer = anonymous.get("/health/ready")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


def test_without_its_database_it_lives_and_is_not_ready(
    anonymous, installation, monkeypatch
):
    def fail():
        from app.errors import Unavailable

        raise Unavailable("the database is busy")

    monkeypatch.setattr(installation.database, "snapshot", fail)
    assert anonymous.get("/health/live").status_code == 200
    assert anonymous.get("/health/ready").status_code == 503
