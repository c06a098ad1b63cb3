"""`sirenhall token`, also while the server runs."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from app.cli import main
from app.models import TOKENS
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
    assert "token 9 does not exist" in run("revoke", "9", code=1).output
    run("create", "--scope", "everything", code=2)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("30m", 1800), ("12h", 43_200), ("90d", 7_776_000), ("4w", 2_419_200)],
)
def test_a_token_may_expire_and_every_list_says_when(run, api, given, seconds):
    made = json.loads(run("create", "--expires", given, "--json").stdout)
    expires = datetime.fromisoformat(made["date_expires"])
    left = (expires - datetime.now(UTC)).total_seconds()
    assert abs(left - seconds) < 60
    listed = json.loads(run("list", "--json").stdout)["tokens"]
    assert listed[-1]["date_expires"] == made["date_expires"]
    assert made["date_expires"] in run("list").output
    shown = api.get(f"/tokens/{made['id']}").json["date_expires"]
    assert datetime.fromisoformat(shown) == expires


@pytest.mark.parametrize("given", ["90", "0d", "d", "-1d", "1y", "soon", ""])
def test_a_time_that_is_none_is_named(run, given):
    result = run("create", "--expires", given, code=2)
    assert "must be a whole number and a unit" in " ".join(result.output.split())


def test_a_token_that_has_expired_says_so(run, api, installation):
    made = json.loads(run("create", "--expires", "1m", "--json").stdout)
    with installation.database.writing() as tx:
        tx.execute(
            update(TOKENS).where(TOKENS.c.id == made["id"]).values(date_expires=1)
        )
    headers = {"Authorization": f"Bearer {made['token']}"}
    answer = api.get("/stores/1", headers=headers)
    assert answer.status_code == 401
    assert "has expired" in answer.text
    assert "expired" in run("list").output
