"""The query language: what each operator finds, and how each mistake is said."""

from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from app import create_app
from app.http.query.parser import OPERATORS
from app.models import DOWNLOADABLES
from tests import databases
from tests.conftest import Api, settings_for

DAY = 86_400
START = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())

# name, code, price, max_downloads_per_customer, is_published, color, days
ROWS = [
    ("Alpha", "a-1", "0", None, True, "red", 0),
    ("alpha", "a-2", "5", 0, True, "RED", 1),
    ("Beta*", "b|1", "9.95", 3, False, None, 2),
    ("Gamma, the third", "c,1", "10", 7, True, "blue", 3),
    ("Ünïcode ﬁsh", "d..1", "10.01", None, False, "gr%en", 4),
    ("100%_sure", "e\\1", "1000000", 100, True, "red", 5),
    ("ZZZ", "z=1", "9.9501", 3, True, None, 6),
]
COLUMNS = ("name", "code", "price", "limit", "published", "color", "date")


def record(row):
    name, code, price, limit, published, color, days = row
    return {
        "name": name,
        "code": code,
        "price": Decimal(price),
        "limit": limit,
        "published": published,
        "color": color,
        "date": START + days * DAY,
    }


RECORDS = [record(row) for row in ROWS]


@pytest.fixture(scope="module")
def shop(prepared, tmp_path_factory):
    import shutil

    folder = tmp_path_factory.mktemp("shop") / "data"
    databases.copy_database(prepared, folder)
    shutil.copytree(prepared, folder)
    app = create_app(settings_for(folder))
    installation = app.extensions["sirenhall"]
    api = Api(app.test_client(), installation.starter_token)
    api.patch("/stores/1", json={"currency": "CLF", "timezone": "Europe/Berlin"})
    for row in RECORDS:
        number = api.add(
            name=row["name"],
            code=row["code"],
            price=str(row["price"]),
            max_downloads_per_customer=row["limit"],
            is_published=row["published"],
            description="" if row["limit"] is None else "Something",
        )
        if row["color"]:
            attribute = {"name": "color", "value": row["color"]}
            made = api.post(f"/downloadables/{number}/attributes", json=attribute)
            assert made.status_code == 201, made.text
        with installation.database.writing() as tx:
            tx.execute(
                update(DOWNLOADABLES)
                .where(DOWNLOADABLES.c.id == number)
                .values(date_created=row["date"])
            )
    yield api
    installation.close()


def codes(api, *pairs, path="/stores/1/downloadables"):
    response = api.get(f"{path}?{urlencode(pairs)}&limit=300")
    assert response.status_code == 200, response.text
    found = [i["code"] for i in response.json["_embedded"]["fx:downloadables"]]
    assert response.json["total_items"] == len(found)
    return found


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("name", "Alpha")], ["a-1"]),
        ([("code", r"b\|1")], ["b|1"]),
        ([("name", r"Beta\*")], ["b|1"]),
        ([("name", "*l*a")], ["a-1", "a-2"]),
        ([("name", "100%_*")], ["e\\1"]),
        ([("name", "100%-*")], []),
        ([("code", "c,1")], ["c,1"]),
        ([("code:in", r"a-1,c\,1")], ["a-1", "c,1"]),
        ([("code", r"d\..1")], ["d..1"]),
        ([("code", r"e\\1")], ["e\\1"]),
        ([("code", "z=1")], ["z=1"]),
        ([("name", r"Alpha|ZZZ")], ["a-1", "z=1"]),
        ([("name", r"Alpha|code:in=z\=1,a-2")], ["a-1", "a-2", "z=1"]),
        ([("name", "Alpha|price:greaterthan=999999")], ["a-1", "e\\1"]),
        ([("price", "10")], ["c,1"]),
        ([("price", "10.00")], ["c,1"]),
        ([("price", "9.95")], ["b|1"]),
        ([("price:lessthan", "9.95")], ["a-1", "a-2"]),
        ([("price:lessthanorequal", "9.95")], ["a-1", "a-2", "b|1"]),
        ([("price:greaterthan", "9.95009")], ["c,1", "d..1", "e\\1", "z=1"]),
        ([("price:greaterthanorequal", "10.01")], ["d..1", "e\\1"]),
        ([("price", "9.95..10")], ["b|1", "c,1", "z=1"]),
        ([("price", "..5")], ["a-1", "a-2"]),
        ([("price", "10.005..")], ["d..1", "e\\1"]),
        ([("price:not", "0..10")], ["d..1", "e\\1"]),
        ([("price", "9.95009")], []),
        ([("price:not", "9.95009")], [r["code"] for r in RECORDS]),
        ([("max_downloads_per_customer", "3")], ["b|1", "z=1"]),
        (
            [("max_downloads_per_customer:not", "3")],
            ["a-1", "a-2", "c,1", "d..1", "e\\1"],
        ),
        ([("max_downloads_per_customer:isdefined", "false")], ["a-1", "d..1"]),
        ([("max_downloads_per_customer", "*")], ["a-2", "b|1", "c,1", "e\\1", "z=1"]),
        ([("max_downloads_per_customer:lessthan", "3")], ["a-2"]),
        ([("is_published", "0")], ["b|1", "d..1"]),
        ([("is_published:not", "true")], ["b|1", "d..1"]),
        ([("is_published:in", "false,0")], ["b|1", "d..1"]),
        ([("description:isdefined", "0")], ["a-1", "d..1"]),
        ([("file_name:isdefined", "true")], []),
        ([("version:isdefined", "false")], [r["code"] for r in RECORDS]),
        ([("name:greaterthan", "Gamma")], ["a-2", "c,1", "d..1", "z=1"]),
        ([("name", "A..C")], ["a-1", "b|1"]),
        # Berlin is an hour ahead in winter: the day began at 23:00 UTC.
        ([("date_created", "2026-03-01")], ["a-1"]),
        ([("date_created", "2026-03-02T00:59:59")], []),
        ([("date_created", "2026-03-02T01:00:00")], ["a-2"]),
        ([("date_created", "2026-03-02T00:00:00Z")], ["a-2"]),
        ([("date_created", "2026-03-01T19:00:00-0500")], ["a-2"]),
        ([("date_created", "2026-03-02T01:00:00+01:00")], ["a-2"]),
        ([("date_created", "2026-03-02T01:00")], ["a-2"]),
        ([("date_created", "2026-03-02..2026-03-03")], ["a-2", "b|1"]),
        ([("date_created:greaterthan", "2026-03-05")], ["e\\1", "z=1"]),
        ([("date_created:lessthan", "2026-03-02")], ["a-1"]),
        ([("date_created", "2026-03")], [r["code"] for r in RECORDS]),
        ([("item_category_uri", "http://localhost/item_categories/2")], None),
        ([("item_category_uri:not", "/item_categories/2")], []),
        ([("item_category:code", "DOWNLOADS")], None),
        ([("fx:item_category:code", "DOWNLOADS")], None),
        ([("item_category:code:not", "DOWNLOADS")], []),
        ([("store:item_categories:code", "DEFAULT")], None),
        ([("store:downloadables:code", "a-1")], None),
        ([("attributes:name[color]", "red")], ["a-1", "e\\1"]),
        ([("attributes[color]", "red|BLUE")], ["a-1", "e\\1"]),
        ([("attributes:name[color]:in", "blue,RED")], ["a-2", "c,1"]),
        ([("attributes:name[color]", "gr%*")], ["d..1"]),
        ([("attributes:name[color]:not", "red")], ["a-2", "b|1", "c,1", "d..1", "z=1"]),
        ([("attributes:name[color]:isdefined", "false")], ["b|1", "z=1"]),
        ([("attributes:name", "color"), ("attributes:value", "blue")], ["c,1"]),
        ([("attributes:name[size]:isdefined", "true")], []),
        ([("search", "ALPHA")], ["a-1", "a-2"]),
        ([("search", "third gamma")], ["c,1"]),
        ([("search", "üNÏCODE FI")], ["d..1"]),
        ([("search", "100%")], ["e\\1"]),
        ([("search", "something 1")], ["b|1", "c,1", "e\\1", "z=1"]),
        ([("id:in", "1,3")], ["a-1", "b|1"]),
        ([("id", "2..3")], ["a-2", "b|1"]),
        ([("order", "price desc,name")], None),
    ],
)
def test_what_a_query_finds(shop, pairs, expected):
    found = codes(shop, *pairs)
    everything = [r["code"] for r in RECORDS]
    assert sorted(found) == sorted(everything if expected is None else expected)


@pytest.mark.parametrize(
    ("order", "key"),
    [
        ("name", lambda r: r["name"]),
        ("price", lambda r: r["price"]),
        ("name asc", lambda r: r["name"]),
        ("max_downloads_per_customer", lambda r: (r["limit"] or -1, 0)),
        ("date_created", lambda r: r["date"]),
    ],
)
def test_sorting_is_by_code_points_and_nulls_come_first(shop, order, key):
    def rank(row):
        if order.startswith("max") and row["limit"] is None:
            return (-2, 0)
        return key(row)

    expected = [r["code"] for r in sorted(RECORDS, key=rank)]
    assert codes(shop, ("order", order)) == expected


def test_ties_are_broken_by_the_id_also_when_descending(shop):
    found = codes(shop, ("order", "is_published desc"))
    published = [r["code"] for r in RECORDS if r["published"]]
    hidden = [r["code"] for r in RECORDS if not r["published"]]
    assert found == published + hidden


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("price>", "5", "(write price:greaterthanorequal=5; known"),
        ("price>5", "", "(write price:greaterthan=5; known"),
        ("code!", "a", "(write code:not=a; known"),
        ("sort", "-price", "(did you mean order=price desc? known"),
        ("sort", "price", "(did you mean order=price? known"),
        ("price:like", "5", "(known are"),
        ("order", "price,desc", "(write the direction after a space"),
        ("price", "10..5", "the range ends before it starts"),
        ("filter", "price>5", "(write property=value;"),
        ("is_archived:gt", "1", "operator (known are in"),
        ("is_archived>1", "", "(known are"),
        ("price:eq", "5", "(write price=value;"),
        ("PRICE", "5", "(did you mean price?"),
        ("q", "night", "(did you mean search? known"),
        ("code:contains", "a", "(write code=*text*; known"),
        ("price:gte", "5", "(did you mean greaterthanorequal? known"),
        ("order", "-price", "(write price desc; known"),
        ("order", "price:desc", "(write price desc; known"),
        (
            "name",
            "a|prise=2",
            "character 3 of the value: 'prise' is not a known property",
        ),
        ("limit", "9" * 30, "must be a whole number from 0 to 300, not"),
        (
            "price",
            "cheap",
            "price=cheap, character 1 of the value: must be a decimal number",
        ),
        ("price", "5..cheap", "character 4 of the value: must be a decimal number"),
        ("price:in", "1,x", "character 3 of the value: must be a decimal number"),
        (
            "price:greaterthen",
            "5",
            "character 7 of the name: 'greaterthen' is not a known operator (did",
        ),
        (
            "prise",
            "5",
            "'prise' is not a known property (did you mean price? known are id",
        ),
        ("colour", "5", "parameters are limit, offset, page"),
        ("is_published", "perhaps", "must be true or false"),
        ("is_published:lessthan", "true", "legal are in, not, isdefined"),
        ("item_category_uri", "http://other.example/item_categories/2", "address of"),
        ("item_category_uri:greaterthan", "/item_categories/2", "needs an order"),
        ("item_category", "2", "is a relation: name one of its properties, such as"),
        (
            "item_category:coda",
            "2",
            "'coda' is not a known property (did you mean code?",
        ),
        (
            "item_category:code:nor",
            "2",
            "character 20 of the name: 'nor' is not a known operator",
        ),
        ("attributes", "2", "is a relation"),
        (
            "attributes:name[color",
            "2",
            "character 16 of the name: has a [ without its ]",
        ),
        ("attributes:name[color]x", "2", "between a ] and the next"),
        ("name[color]", "2", "name takes no [name]"),
        (
            "date_created",
            "yesterday",
            "must be a date such as 2026, 2026-04, 2026-04-16",
        ),
        ("date_created", "2026-13-01", "must be a date"),
        ("date_created", "0001-01-01..", None),
        ("name", "Z..A", r"write two dots as \.."),
        ("name", "..", "a range needs a start or an end"),
        ("name", "a\\", r"character 2 of the value: after a \ comes one of"),
        ("name", "a\\b", r"character 2 of the value: after a \ comes one of"),
        ("name", "*" * 9, "more than 8 wildcards"),
        ("name:lessthan", "a*", r"character 2 of the value: a * has no meaning here"),
        ("name", "a\x00b", "a character that no property can have"),
        ("name", "a" * 8000, "more than 8000 characters"),
        ("name:in", ",".join("a" * 301), "more than 300 values"),
        ("name", "|".join("a" * 301), "more than 300 values"),
        ("name:isdefined", "maybe", "must be true or false"),
        (
            "order",
            "prise",
            "character 1 of the value: 'prise' is not a known property (did you mean",
        ),
        (
            "order",
            "name,price down",
            "character 12 of the value: 'down' must be asc or desc",
        ),
        (
            "fields",
            "name,prise",
            "character 6 of the value: 'prise' is not a known property",
        ),
        ("zoom", "category", "'category' is not a known relation"),
        (
            "zoom",
            "store:attributes,store:x",
            "character 24 of the value: 'x' is not a known relation",
        ),
        ("zoom", ":".join(["store", "downloadables"] * 3), "deeper than 4 relations"),
        ("search", " ".join("abcdefghijklmnopqrstu"), "more than 20 words"),
        ("search", "a" * 101, "a word of more than 100 letters"),
        ("order", ",".join(["id", "name"] * 6), "more than 10 members"),
        (
            "order",
            "name,price,name desc",
            "character 12 of the value: names name twice",
        ),
        ("fields", ",".join(["id"] * 65), "more than 64 members"),
        ("zoom", ",".join(["store"] * 21), "more than 20 members"),
        ("store:downloadables:" * 40 + "name", "z", "deeper than 4 relations"),
        ("id", "one", "must be a whole number"),
        ("page", "0", "page must be a whole number from 1"),
        ("", "5", "'' is not a known property"),
        ("price:", "5", "'' is not a known operator"),
        ("name", "Alpha|prise:in=3", "'prise' is not a known property"),
    ],
)
def test_a_mistake_is_named_with_its_place(shop, name, value, says):
    query = urlencode([(name, value)])
    response = shop.get(f"/stores/1/downloadables?{query}")
    if says is None:
        assert response.status_code == 200
        return
    assert response.status_code == 400, response.text
    [entry] = response.json["_embedded"]["fx:errors"]
    assert says in entry["message"]


def test_all_mistakes_are_named_at_once(shop):
    query = "price=x&order=y&zoom=z&limit=-1&foo=1"
    response = shop.get(f"/stores/1/downloadables?{query}")
    assert set(shop.errors(response)) == {"price", "order", "zoom", "limit", "foo"}


def test_encoded_and_plain_are_the_same(shop):
    encoded = (
        "price%3Agreaterthan=5&code%3Ain=c%5C%2C1%2Ca-1&order=price+desc%2Cname"
        "&attributes%3Aname%5Bcolor%5D=blue&zoom=item_category%2Cstore%3Aattributes"
    )
    plain = (
        "price:greaterthan=5&code:in=c\\,1,a-1&order=price%20desc,name"
        "&attributes:name[color]=blue&zoom=item_category,store:attributes"
    )
    one = shop.get(f"/stores/1/downloadables?{encoded}").json
    other = shop.get(f"/stores/1/downloadables?{plain}").json
    assert one["_embedded"] == other["_embedded"]
    assert [i["code"] for i in one["_embedded"]["fx:downloadables"]] == ["c,1"]


def test_fields_leave_links_and_what_is_embedded(shop):
    page = shop.get("/stores/1/downloadables?fields=price,name,id&limit=1").json
    [item] = page["_embedded"]["fx:downloadables"]
    assert list(item) == ["_links", "_embedded", "id", "name", "price"]
    assert item["_links"]["self"]["href"].endswith("/downloadables/1")
    alone = shop.get("/downloadables/1?fields=price,name,id").json
    assert alone == item


def test_long_paths_and_many_terms_are_refused_or_quick(shop):
    for depth in (1, 2):
        assert codes(shop, ("store:downloadables:" * depth + "code", "a-1"))
        assert not codes(shop, ("store:downloadables:" * depth + "code", "zzz"))
    many = "&".join(f"store:downloadables:code=a{n}" for n in range(11))
    for query in (many, "&".join(["search=a b c d e f g h i j"] * 11)):
        response = shop.get(f"/stores/1/downloadables?{query}")
        assert response.status_code == 400, response.text


@pytest.mark.parametrize("name", ["fields", "limit", "order", "zoom", "page"])
def test_what_is_said_twice_is_not_chosen_from(shop, name):
    response = shop.get(f"/stores/1/downloadables?{name}=1&{name}=2")
    assert response.status_code == 400
    assert "more than once" in response.text


def test_what_is_archived_is_listed_only_when_asked_for(api):
    kept, gone = api.add(code="kept"), api.add(code="gone")
    api.patch(f"/downloadables/{gone}", json={"is_archived": True})
    assert codes(api) == ["kept"]
    assert codes(api, ("is_archived", "true")) == ["gone"]
    assert codes(api, ("is_archived:in", "true,false")) == ["kept", "gone"]
    assert codes(api, ("is_archived", "*")) == ["kept", "gone"]
    assert codes(api, ("name", "Unicorn")) == ["kept"]
    assert codes(api, ("store:downloadables:is_archived", "true")) == ["kept"]
    assert codes(api, ("code", "gone|is_archived=true")) == ["gone"]
    assert kept


def test_a_filter_is_kept_from_page_to_page(shop):
    page = shop.get("/stores/1/downloadables?price:lessthan=10&limit=2").json
    assert page["total_items"] == 4
    second = shop.get(page["_links"]["next"]["href"]).json
    assert [i["code"] for i in second["_embedded"]["fx:downloadables"]] == [
        "b|1",
        "z=1",
    ]
    assert "next" not in second["_links"]


# -- against plain Python ------------------------------------------------------


def text_filters(name):
    texts = st.sampled_from([r[name] or "x" for r in RECORDS] + ["", "q", "A", "a"])

    def escape(text):
        return "".join(f"\\{c}" if c in "*|,.=\\" else c for c in text)

    def matcher(prefix):
        return lambda v: v is not None and v.startswith(prefix)

    return st.one_of(
        texts.map(lambda t: ("", escape(t), lambda v: v == t)),
        texts.map(lambda t: ("not", escape(t), lambda v: v != t)),
        texts.map(lambda t: ("", escape(t[:2]) + "*", matcher(t[:2])) if t else None),
        texts.map(lambda t: ("lessthan", escape(t), lambda v: v is not None and v < t)),
        texts.map(
            lambda t: (
                "greaterthanorequal",
                escape(t),
                lambda v: v is not None and v >= t,
            )
        ),
        st.lists(texts, min_size=1, max_size=4).map(
            lambda ts: ("in", ",".join(map(escape, ts)), lambda v: v in ts)
        ),
        st.booleans().map(
            lambda b: ("isdefined", str(b).lower(), lambda v: bool(v) == b)
        ),
    ).filter(bool)


def number_filters(numbers):
    values = st.sampled_from(numbers) | st.decimals(0, 20, places=5)

    def known(test):
        return lambda v: v is not None and test(v)

    def written(number):
        return format(number, "f")

    return st.one_of(
        values.map(lambda n: ("", written(n), known(lambda v: v == n))),
        values.map(lambda n: ("not", written(n), lambda v: v is None or v != n)),
        values.map(lambda n: ("lessthan", written(n), known(lambda v: v < n))),
        values.map(lambda n: ("lessthanorequal", written(n), known(lambda v: v <= n))),
        values.map(lambda n: ("greaterthan", written(n), known(lambda v: v > n))),
        values.map(
            lambda n: ("greaterthanorequal", written(n), known(lambda v: v >= n))
        ),
        st.tuples(values, values)
        .map(sorted)
        .map(
            lambda ends: (
                "",
                f"{written(ends[0])}..{written(ends[1])}",
                known(lambda v: ends[0] <= v <= ends[1]),
            )
        ),
        st.booleans().map(
            lambda b: ("isdefined", str(b), lambda v: (v is not None) == b)
        ),
    )


PRICES = [r["price"] for r in RECORDS]
LIMITS = [Decimal(r["limit"]) for r in RECORDS if r["limit"] is not None]
FILTERS = {
    "name": ("name", text_filters("name")),
    "code": ("code", text_filters("code")),
    "price": ("price", number_filters(PRICES)),
    "max_downloads_per_customer": ("limit", number_filters(LIMITS)),
    "attributes:name[color]": ("color", text_filters("color")),
}


@st.composite
def alternatives(draw):
    """Give a parameter, its value, and what it means in Python."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        parameter = draw(st.sampled_from(sorted(FILTERS)))
        column, strategy = FILTERS[parameter]
        operator, value, test = draw(strategy)
        is_color = column == "color"
        if is_color and operator == "not":
            # Of what has no such attribute, it is not so either.
            pass
        key = f"{parameter}:{operator}" if operator else parameter
        found.append((key, value, lambda r, c=column, t=test: t(r[c])))
    (key, value, _), *others = found
    if not (value or others or ":" in key):
        # A field of a form that was left empty.
        return key, value, lambda _record: True
    for other_key, other_value, _ in others:
        escaped = other_key.replace("\\", "\\\\")
        value += f"|{escaped}={other_value}"
    return key, value, lambda r: any(test(r) for _, _, test in found)


@given(st.lists(alternatives(), min_size=1, max_size=3))
def test_any_query_finds_what_plain_python_finds(shop, filters):
    expected = [r["code"] for r in RECORDS if all(test(r) for _, _, test in filters)]
    assert codes(shop, *[(key, value) for key, value, _ in filters]) == expected


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_query_is_a_server_error(shop, name, value):
    query = urlencode([(name, value)], errors="surrogatepass")
    response = shop.get(f"/stores/1/downloadables?{query}")
    assert response.status_code in {200, 400, 406}


@given(
    st.sampled_from(["name", "price", "is_published", "date_created", "zoom", "id"]),
    st.sampled_from(["", *OPERATORS]),
    st.text(alphabet="*|,.=\\[]:0123456789-TZab ", max_size=20),
)
def test_no_value_is_a_server_error(shop, name, operator, value):
    key = f"{name}:{operator}" if operator else name
    query = urlencode([(key, value)])
    response = shop.get(f"/stores/1/downloadables?{query}")
    assert response.status_code in {200, 400}
