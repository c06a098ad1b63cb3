"""Clients from PyPI, which nobody here wrote, unchanged, against a live server."""

import pytest

pytestmark = pytest.mark.filterwarnings("ignore")

ITEM = {"name": "Made by a client", "price": 3}


@pytest.fixture
def headers(server):
    return {"Authorization": f"Bearer {server.token}", "Accept": "application/hal+json"}


def test_restnavigator_reads_creates_changes_and_deletes(server, headers):
    from restnavigator import Navigator

    root = Navigator.hal(server.url, headers=headers, default_curie="fx")
    store = root["store"]
    listed = store["downloadables"]
    items = listed.embedded()["fx:downloadables"]
    assert len(items) == listed()["returned_items"]
    category = items[0]["item_category"]
    assert category()["item_delivery_type"] == "downloaded"
    values = {**ITEM, "code": "restnavigator", "item_category_uri": category.uri}
    made = listed.create(values)
    assert made()["name"] == ITEM["name"]
    made.patch({"price": 4})
    assert made.fetch()["price"] == 4
    made.delete()
    assert server.curl("-o/dev/null", "-w%{http_code}", made.uri).stdout == "404"


def test_halchemy_reads_creates_changes_and_deletes(server, headers):
    from halchemy import Api

    api = Api(server.url.rstrip("/"), headers=headers)
    root = api.root.get()
    store = api.follow(root).to("fx:store").get()
    page = api.follow(store).to("fx:downloadables").get()
    [item, *_] = page["_embedded"]["fx:downloadables"]
    values = {
        **ITEM,
        "code": "halchemy",
        "item_category_uri": item["item_category_uri"],
    }
    made = api.follow(store).to("fx:downloadables").post(values)
    assert made["message"].endswith("created successfully.")
    changed = api.follow(made).to("self").patch({"price": 4})
    assert changed["price"] == 4
    # It sends the ETag it was given as If-Match, by itself.
    gone = api.follow(changed).to("self").delete()
    assert gone["message"].endswith("deleted successfully.")


def test_contentgrid_fills_in_the_forms_of_hal_forms(server):
    from contentgrid_hal_client.hal import HALFormsClient, InteractiveHALResponse

    client = HALFormsClient(server.url, token=server.token)

    def follow(resource, rel):
        return client.follow_link(resource.get_link(rel), InteractiveHALResponse)

    root = InteractiveHALResponse(client.get(server.url).json(), client)
    page = follow(follow(root, "fx:store"), "fx:downloadables")
    form = page.get_default_template()
    category = page.get_embedded_objects_by_key("fx:downloadables")[0].data
    values = {
        **ITEM,
        "code": "contentgrid",
        "item_category_uri": category["item_category_uri"],
    }
    required = {field.name for field in form.properties if field.required}
    assert required <= values.keys()
    send = client.get_method_from_string(form.method.value)
    answer = send(
        form.target, json=values, headers={"Content-Type": form.contentType}
    ).json()
    made = InteractiveHALResponse(answer, client)
    made.patch_data({"price": 4})
    assert made.data["price"] == 4
    made.delete()
    assert client.get(made.get_self_link().uri).status_code == 404


def test_a_templated_search_is_followed_by_any_library(server, headers):
    import requests
    from uritemplate import expand

    root = requests.get(server.url, headers=headers, timeout=10).json()
    searches = {link["title"]: link for link in root["_links"]["search"]}
    found = searches["Search Downloadables"]
    assert found["templated"]
    url = expand(found["href"], search="knots", zoom="item_category", limit=5)
    page = requests.get(url, headers=headers, timeout=10).json()
    [item] = page["_embedded"]["fx:downloadables"]
    assert item["code"] == "knots"
    assert item["_embedded"]["fx:item_category"]["code"]


def test_a_client_of_oauth2_gets_its_tokens(server):
    """What oauthlib's users do: a session that gets and renews its own tokens."""
    import json

    from authlib.integrations.requests_client import OAuth2Session
    from click.testing import CliRunner

    from app.cli import main
    from tests.conftest import environment_for

    made = CliRunner().invoke(
        main,
        [
            "client",
            "create",
            "--store",
            "1",
            "--json",
            "--data-dir",
            str(server.data_dir),
        ],
        env=environment_for(server.data_dir),
    )
    client = json.loads(made.output)
    session = OAuth2Session(client["client_id"], client["client_secret"])
    token_url = session.get(
        server.url, withhold_token=True, headers={"Accept": "application/hal+json"}
    ).json()["_links"]["fx:token"]["href"]
    session.refresh_token(token_url, refresh_token=client["refresh_token"])
    assert session.get(f"{server.url}stores/1").json()["store_name"]
    session.fetch_token(token_url, grant_type="client_credentials")
    assert session.get(f"{server.url}stores/1").status_code == 200
