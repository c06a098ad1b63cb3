"""`sirenhall token`, also while the server runs."""

import json

import pytest
from click.testing import CliRunner

from app.cli import main
from tests.conftest import environment_for


@pytest.fixture
def run(data_dir):
    def invoke(*arguments, code=0):
        result = CliRunner().invoke(
            main,
            ["token", *arguments, "--data-dir", str(data_dir)],
            env=environment_for(data_dir),
        )
        assert result.exit_code == code, result.output
        return result

    return invoke


def test_a_token_is_good_at_once_and_useless_when_revoked(server):
    def command(*arguments):
        result = CliRunner().invoke(
            main,
            ["token", *arguments, "--json", "--data-dir", str(server.data_dir)],
            env=environment_for(server.data_dir),
        )
        assert result.exit_code == 0, result.output
        return json.loads(result.output)

    def status(token):
        return server.curl(
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "-H",
            f"Authorization: Bearer {token}",
            f"{server.url}stores/1",
            token=False,
        ).stdout

    made = command("create", "--store", "1", "--note", "for a test")
    assert made["scope"] == "store_full_access"
    assert status(made["token"]) == "200"
    assert command("revoke", str(made["id"])) == {"id": made["id"], "revoked": True}
    assert status(made["token"]) == "401"


def test_without_a_store_the_only_one_is_meant(run):
    made = json.loads(run("create", "--json").stdout)
    assert made["store_id"] == 1
    assert made["token"].startswith("sirenhall_")


def test_plain_output_is_the_token_alone(run):
    assert run("create").stdout.startswith("sirenhall_")
    assert run("create").stdout.count("\n") == 1


def test_an_operators_token_is_for_all_stores(run):
    made = json.loads(run("create", "--scope", "client_full_access", "--json").stdout)
    assert made["store_id"] is None
    result = run("create", "--scope", "client_full_access", "--store", "1", code=1)
    assert "name none" in result.output


def test_the_list_shows_all_but_the_tokens(run):
    token = run("create", "--note", "for a shop").stdout.strip()
    table = run("list").stdout
    assert "for a shop" in table
    assert "valid" in table
    assert token not in table
    run("revoke", "2")
    listed = json.loads(run("list", "--json").stdout)["tokens"]
    assert [t["id"] for t in listed] == [1, 2]
    assert listed[1]["date_revoked"]
    assert "digest" not in listed[0]


def test_a_folder_without_data_is_not_made_by_looking(tmp_path):
    for arguments in (["list"], ["revoke", "1"], ["create"]):
        nowhere = tmp_path / "typo"
        result = CliRunner().invoke(
            main, ["token", *arguments, "--data-dir", str(nowhere)]
        )
        assert result.exit_code == 1
        assert "there is no Sirenhall data in" in result.output
        assert not nowhere.exists()


def test_mistakes_are_said_in_one_line(run):
    assert (
        "there is no store 9; there are: 1"
        in run("create", "--store", "9", code=1).output
    )
    assert "no valid token 9" in run("revoke", "9", code=1).output
    run("create", "--scope", "everything", code=2)
