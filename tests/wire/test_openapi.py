"""The API's own description: valid, complete, and true."""

import re

import pytest
from openapi_spec_validator import validate

from app.http.routes import registered_routes


@pytest.fixture
def description(anonymous):
    response = anonymous.get("/openapi.json")
    assert response.content_type == "application/json"
    return response.json


# The validator takes 20 seconds.
@pytest.mark.endurance
def test_it_is_valid(description):
    assert description["openapi"].startswith("3.1")
    validate(description)


def test_it_has_every_address_and_method(app, description):
    for route in registered_routes(app):
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.path)
        assert set(description["paths"][path]) >= {m.lower() for m in route.summaries}
    rules = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in rule.methods
    }
    for path, method in rules:
        assert method in description["paths"][path], (method, path)


def test_a_wrong_token_is_answered_as_documented(anonymous, description):
    """Pages that need no token look at it as well, to show who is signed in."""
    unexpected = []
    for path, operations in description["paths"].items():
        address = re.sub(r"\{\w+\}", "1", path)
        for method, operation in operations.items():
            if method == "parameters":
                continue
            wrong = {"Authorization": "Bearer no"}
            response = anonymous.request(method.upper(), address, headers=wrong)
            if str(response.status_code) not in operation["responses"]:
                unexpected.append((method, path, response.status_code))
    assert unexpected == []


def test_operations_have_names_of_their_own(description):
    names = [
        operation["operationId"]
        for path in description["paths"].values()
        for method, operation in path.items()
        if method != "parameters"
    ]
    assert len(names) == len(set(names)) > 100


def test_what_a_property_must_be_is_said_once(description, api):
    schemas = description["components"]["schemas"]
    profile = api.get("/profiles/downloadable").json
    assert schemas["downloadable_new"]["required"] == profile["required"]
    assert (
        schemas["downloadable"]["properties"]["name"] == profile["properties"]["name"]
    )


def test_home_leads_to_it(anonymous):
    links = anonymous.get("/").json["_links"]
    assert links["service-desc"]["href"] == "http://localhost/openapi.json"
    assert anonymous.get(links["service-doc"]["href"]).status_code == 200
