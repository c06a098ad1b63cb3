"""The starting point of the API."""

import pytest

HAL_REL = "http://localhost/rels/"


def links(response):
    return response.json["_links"]


def test_without_a_token_it_says_how_to_get_one(anonymous):
    response = anonymous.get("/")
    assert response.status_code == 200
    assert set(links(response)) == {
        "curies",
        "self",
        "fx:token",
        "fx:property_helpers",
        "fx:rels",
        "service-desc",
        "service-doc",
    }
    assert links(response)["self"]["title"] == "Your API starting point."
    assert "token" in response.json["message"]


def test_with_a_token_it_leads_to_the_store(api, operator):
    assert links(api.get("/"))["fx:store"]["href"] == "http://localhost/stores/1"
    assert "fx:stores" in links(api.get("/"))
    assert "fx:stores" in links(operator.get("/"))
    assert "fx:store" not in links(operator.get("/"))


def test_a_wrong_token_is_not_no_token(anonymous):
    response = anonymous.get("/", headers={"Authorization": "Bearer wrong"})
    assert response.status_code == 401


@pytest.mark.parametrize("accept", ["hal", "siren", "xml", "html"])
def test_it_comes_in_every_format_with_links_to_the_others(anonymous, accept):
    response = anonymous.get(f"/?format={accept}")
    assert response.status_code == 200
    vary = "Accept, FOXY-API-VERSION, Accept-Encoding, Accept-Language, Authorization"
    # A page has a menu for who is signed in.
    assert response.headers["Vary"] == vary + (", Cookie" if accept == "html" else "")
    alternates = response.headers["Link"].split(", <")
    assert sum('rel="alternate"; type="' in link for link in alternates) == 4
    assert f"format={accept}>" not in response.headers["Link"]


def test_an_unknown_format_is_406_with_all_there_are(anonymous):
    for response in (
        anonymous.get("/?format=yaml"),
        anonymous.get("/", accept="image/png"),
    ):
        assert response.status_code == 406
        assert response.content_type == "application/hal+json"
        assert [a["type"] for a in links(response)["alternate"]] == [
            "application/hal+json",
            "application/prs.hal-forms+json",
            "application/vnd.siren+json",
            "application/hal+xml",
            "text/html",
        ]


def test_the_only_curie_leads_to_the_documentation(anonymous):
    [curie] = links(anonymous.get("/"))["curies"]
    assert curie == {"name": "fx", "href": f"{HAL_REL}{{rel}}", "templated": True}


class TestBehindAnotherAddress:
    """Links are made of PUBLIC_URL and REL_BASE where these are set."""

    @pytest.fixture
    def settings(self):
        return {
            "public_url": "https://shop.example/api/",
            "rel_base": "https://api.foxycart.com/rels/",
        }

    def test_every_link_says_so(self, api):
        number = api.add()
        response = api.get(f"/downloadables/{number}")
        hrefs = [
            link["href"] for rel, link in links(response).items() if rel != "curies"
        ]
        assert all(href.startswith("https://shop.example/api/") for href in hrefs)
        assert response.json["item_category_uri"] == (
            "https://shop.example/api/item_categories/2"
        )
        [curie] = links(response)["curies"]
        assert curie["href"] == "https://api.foxycart.com/rels/{rel}"


class TestRequiredVersion:
    """REQUIRE_API_VERSION makes the header compulsory."""

    @pytest.fixture
    def settings(self):
        return {"require_api_version": True}

    def test_a_request_without_it_is_told_the_header(self, api):
        response = api.get("/")
        assert response.status_code == 400
        assert "FOXY-API-VERSION: 1" in response.text
        assert api.get("/", headers={"FOXY-API-VERSION": "1"}).status_code == 200
        assert api.request("OPTIONS", "/").status_code == 200


def test_another_version_is_refused(anonymous):
    response = anonymous.get("/", headers={"FOXY-API-VERSION": "2"})
    assert response.status_code == 400


@pytest.mark.parametrize("host", ["a b", "a/b", "<x>", "a,b", ""])
def test_a_host_that_is_none_is_refused(anonymous, host):
    response = anonymous.client.get("/", headers={"Host": host})
    assert response.status_code == 400
    if host:
        assert host not in response.text


@pytest.mark.parametrize(
    "path", ["/", "/rels", "/rels/store", "/docs", "/problems", "/property_helpers"]
)
@pytest.mark.parametrize("accept", ["application/hal+json", "text/html"])
def test_what_has_no_revision_has_a_tag_too(anonymous, path, accept):
    response = anonymous.get(path, accept=accept)
    tag = response.headers["ETag"]
    again = anonymous.get(path, accept=accept, headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    head = anonymous.request("HEAD", path, accept=accept)
    assert head.headers["ETag"] == tag
    other = anonymous.get(path, accept="text/xml", headers={"If-None-Match": tag})
    assert other.status_code == 200
