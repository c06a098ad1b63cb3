"""`sirenhall client`: made, listed, revoked, and useless afterwards."""

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
            ["client", *arguments, "--data-dir", str(data_dir)],
            env=environment_for(data_dir),
        )
        assert result.exit_code == code, result.output
        return result.output

    return invoke


def test_a_client_has_what_foxys_sdks_ask_for(run, anonymous):
    made = json.loads(run("create", "--store", "1", "--json"))
    assert set(made) == {
        "client_id",
        "client_secret",
        "refresh_token",
        "access_token",
        "scope",
        "store_id",
    }
    headers = {"Authorization": f"Bearer {made['access_token']}"}
    assert anonymous.get("/stores/1", headers=headers).status_code == 200
    assert "revoked" in run("revoke", made["client_id"])
    assert anonymous.get("/stores/1", headers=headers).status_code == 401
    assert "there is no valid client" in run("revoke", made["client_id"], code=1)


def test_plain_output_names_each(run):
    lines = run("create", "--name", "My app").splitlines()
    named = dict(line.split(None, 1) for line in lines)
    assert named["client_id"].startswith("client_")
    assert named["store_id"] == "1"


def test_the_list_has_no_secrets(run):
    made = json.loads(run("create", "--name", "My app", "--json"))
    run("create", "--scope", "client_full_access")
    run("create", "--redirect-uri", "https://app.example/cb", "--public")
    listed = run("list")
    assert "My app" in listed
    stores = [line.split()[2] for line in listed.splitlines()[1:]]
    assert stores == ["1", "all", "asks"]
    assert made["client_secret"] not in listed
    [first, *_] = json.loads(run("list", "--json"))["clients"]
    assert (first["name"], first["date_revoked"]) == ("My app", None)


@pytest.mark.parametrize(
    "uri",
    [
        "com.example.app:/oauth2redirect/example-provider",
        "com.example.app:/cb",
        "com.example.app://cb?x=y",
        "com.googleusercontent.apps.123-abc:/oauth2redirect",
    ],
)
def test_an_app_may_have_a_scheme_of_its_own(run, uri):
    made = json.loads(run("create", "--public", "--redirect-uri", uri, "--json"))
    [client] = json.loads(run("list", "--json"))["clients"]
    assert client["client_id"] == made["client_id"]
    assert client["redirect_uris"] == [uri]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["create", "--store", "9"], "there is no store 9"),
        (["create", "--store", "1", "--scope", "client_full_access"], "all stores"),
        (["create", "--redirect-uri", "callback"], "absolute URI"),
        (["create", "--redirect-uri", "http://app.example/cb"], "must be https"),
        (["create", "--redirect-uri", "http://localhost@evil.example/"], "https"),
        (["create", "--redirect-uri", "https:///cb"], "must have a host"),
        (
            ["create", "--redirect-uri", "https://app.example/cb#x"],
            "without a fragment",
        ),
        (["create", "--redirect-uri", "https://app.example/c b"], "absolute URI"),
        (["create", "--redirect-uri", "https://app.example/\\b"], "absolute URI"),
        (
            ["create", "--redirect-uri", "javascript:alert(1)"],
            "com.example.javascript:/",
        ),
        (["create", "--redirect-uri", "data://x"], "com.example.data:/"),
        (["create", "--redirect-uri", "myapp://cb"], "com.example.myapp:/callback"),
        (["create", "--redirect-uri", "com.example.app:"], "absolute URI"),
        (["create", "--redirect-uri", "com..app:/x"], "must be its reversed domain"),
        (["create", "--redirect-uri", "https://[zz]/"], "must have a host"),
        (["create", "--redirect-uri", "https://h:99999/cb"], "must have a host"),
        (["create", "--redirect-uri", "https://me:pw@h/cb"], "no user or password"),
        (["create", "--public"], "--public needs --redirect-uri"),
    ],
)
def test_mistakes_are_said_in_one_line(run, arguments, says):
    output = run(*arguments, code=1)
    assert says in output
    assert "Traceback" not in output
