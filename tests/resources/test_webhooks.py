"""Webhooks: what is told, to whom, how often, and what becomes of one that fails."""

import base64
import contextlib
import gzip
import ipaddress
import json
import socket
import threading
import time
import tracemalloc
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import standardwebhooks

from app.services.operations.background_tasks import webhook_sender
from app.services.webhooks import outbox, sender
from schemas.values.urls import to_uri
from schemas.webhook_delivery import EVENTS
from tests.conftest import OTHER_STORE, Api, start_server, stop_server, wait_until

DOWNLOADED = {
    "code": "D",
    "name": "D",
    "item_delivery_type": "downloaded",
    "max_downloads_per_customer": 1,
    "max_downloads_time_period": 1,
}
PATH = "/stores/1/webhook_deliveries"
PUBLIC = "https://downloads.example"
PURCHASES = "/stores/1/downloadable_purchases"


def send_due(installation):
    """Send what is due, as the server does; return how many succeeded and failed."""
    return webhook_sender(installation).deliver()


class Receiver:
    """A shop's own server, which answers what it is told to."""

    def __init__(self):
        self.seen = []
        self.paths = []
        self.headers = {}
        self.status = 204
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.seen.append((dict(self.headers), body))
                receiver.paths.append(self.path)
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                if receiver.status == 302:
                    self.send_header("Location", receiver.url)
                self.end_headers()

            def log_message(self, *_arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?a=b"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def events(self):
        return [json.loads(body)["type"] for _headers, body in self.seen]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def settings():
    return {"webhook_private": True, "public_url": PUBLIC}


@pytest.fixture
def hooked(api, receiver):
    """A store that tells the receiver; give its representation."""
    values = {"use_webhook": True, "webhook_url": receiver.url}
    return api.patch("/stores/1", json=values).json


@pytest.fixture
def later(monkeypatch):
    # It stands still but for that: a slow machine takes its own time.
    passed, begun = [0], outbox.now()
    for module in (outbox, sender):
        monkeypatch.setattr(module, "now", lambda: begun + passed[0])

    def wait(seconds):
        passed[0] += seconds

    return wait


def listed(api, **query):
    answer = api.get(PATH, query_string=query)
    return answer.json["_embedded"]["fx:webhook_deliveries"]


def test_nothing_is_noted_for_a_store_that_wants_nothing(api, installation):
    api.upload()
    assert listed(api) == []
    assert send_due(installation) == (0, 0)


def test_every_event_is_told(api, anonymous, installation, hooked, receiver):
    item = api.upload(b"one")
    api.patch(f"/downloadables/{item}", json={"name": "Other"})
    api.put(f"/downloadables/{item}/file", data=b"two", content_type="text/plain")
    first = api.get(f"/downloadables/{item}/versions").json["_embedded"]["fx:versions"]
    api.post(first[0]["_links"]["self"]["href"])
    bought = api.post(
        PURCHASES, json={"downloadable_id": item, "max_downloads": 1, "order_id": "7"}
    )
    api.post(PURCHASES, json={"downloadable_id": item, "order_id": "7"})
    anonymous.get(bought.json["_links"]["fx:download_url"]["href"])
    purchase = bought.headers["Location"]
    api.patch(purchase, json={"customer_id": "c"})
    api.patch(purchase, json={"is_active": False})
    api.delete(purchase)
    api.delete(f"/downloadables/{item}")
    assert send_due(installation) == (10, 0)
    assert sorted(receiver.events) == sorted(
        [
            "downloadable.created",
            "downloadable.updated",
            "downloadable.file_replaced",
            "downloadable.file_replaced",
            "downloadable_purchase.created",
            "downloadable_purchase.downloaded",
            "downloadable_purchase.limit_reached",
            "downloadable_purchase.updated",
            "downloadable_purchase.revoked",
            "downloadable.deleted",
        ]
    )
    assert set(receiver.events) == set(EVENTS)
    assert send_due(installation) == (0, 0)


def test_what_is_told_can_be_verified_and_followed(api, installation, hooked, receiver):
    item = api.upload(b"one", code="ünï")
    send_due(installation)
    [(headers, body)] = receiver.seen
    assert hooked["webhook_key"].startswith("whsec_")
    hook = standardwebhooks.Webhook(hooked["webhook_key"])
    said = hook.verify(body, {name.lower(): v for name, v in headers.items()})
    assert said["type"] == "downloadable.created"
    assert said["data"]["code"] == "ünï"
    assert said["data"]["href"] == f"{PUBLIC}/downloadables/{item}"
    assert api.get(said["data"]["href"]).json["code"] == "ünï"
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        hook.verify(body + b" ", {name.lower(): v for name, v in headers.items()})


def test_a_key_may_be_any_text(api, installation, hooked, receiver):
    api.patch("/stores/1", json={"webhook_key": "ein-schlüssel-von-uns"})
    api.upload()
    send_due(installation)
    [(headers, body)] = receiver.seen
    headers = {name.lower(): value for name, value in headers.items()}
    due = outbox.DueDelivery(
        0, 1, headers["webhook-id"], body.decode(), 0, "", "ein-schlüssel-von-uns", 0
    )
    first, _before = headers["webhook-signature"].split()
    assert first == due.signature(int(headers["webhook-timestamp"]))


def test_secrets_of_customers_are_not_told(api, installation, hooked, receiver):
    item = api.upload()
    bought = api.post(
        PURCHASES, json={"downloadable_id": item, "customer_email": "a@b.example"}
    )
    send_due(installation)
    told = b"".join(body for _headers, body in receiver.seen)
    assert bought.json["download_passcode"].encode() not in told
    assert b"a@b.example" not in told


def test_what_was_told_is_logged_and_can_be_told_again(
    api, installation, hooked, receiver
):
    api.upload()
    send_due(installation)
    [told] = listed(api, state="delivered", event="downloadable.created")
    assert (told["attempts"], told["response_status"]) == (1, 204)
    assert told["url"] == receiver.url
    assert told["next_attempt"] is None
    assert json.loads(told["payload"])["type"] == "downloadable.created"
    href = told["_links"]["self"]["href"]
    again = api.post(href)
    assert again.status_code == 200
    assert again.json["state"] == "pending"
    send_due(installation)
    ids = {headers["webhook-id"] for headers, _body in receiver.seen}
    assert len(receiver.seen) == 2
    assert ids == {told["webhook_id"]}
    for answer in ("xml", "siren", "html", "hal-forms"):
        assert api.get(f"{href}?format={answer}").status_code == 200
    assert "downloadable.created" in api.get(f"{PATH}?format=csv").text


def test_a_failure_is_tried_again_with_growing_pauses(
    api, installation, hooked, receiver, later
):
    receiver.status = 500
    api.upload()
    assert send_due(installation) == (0, 1)
    assert send_due(installation) == (0, 0)
    [entry] = listed(api)
    assert (entry["state"], entry["attempts"]) == ("pending", 1)
    assert entry["error"] == "the address answered 500"
    store = api.get("/stores/1").json
    assert store["webhook_failing_since"]
    assert store["webhook_error"] == "the address answered 500"
    for delay in outbox.RETRY_DELAYS[:3]:
        later(delay - 1)
        assert send_due(installation) == (0, 0)
        later(2)
        assert send_due(installation) == (0, 1)
    receiver.status = 200
    later(outbox.RETRY_DELAYS[3] + 1)
    assert send_due(installation) == (1, 0)
    store = api.get("/stores/1").json
    assert (store["webhook_failing_since"], store["webhook_error"]) == (None, "")
    assert len({headers["webhook-id"] for headers, _body in receiver.seen}) == 1


def test_a_webhook_that_fails_for_days_is_disabled_and_says_so(
    api, installation, hooked, receiver, later
):
    receiver.status = 503
    api.upload()
    send_due(installation)
    for delay in outbox.RETRY_DELAYS:
        later(delay + 1)
        send_due(installation)
    store = api.get("/stores/1").json
    assert store["use_webhook"] is False
    assert store["webhook_disabled_since"]
    assert store["webhook_error"] == "the address answered 503"
    api.add(code="more")
    assert len(listed(api)) == 1
    # The merchant mends it, and has told again what was missed.
    receiver.status = 200
    mended = api.patch("/stores/1", json={"use_webhook": True}).json
    assert mended["webhook_disabled_since"] is None
    assert mended["webhook_failing_since"] is None
    assert mended["webhook_key"] == hooked["webhook_key"]
    [entry] = listed(api)
    api.post(entry["_links"]["self"]["href"])
    assert send_due(installation) == (1, 0)


def test_an_address_that_is_gone_is_asked_no_more(api, installation, hooked, receiver):
    receiver.status = 410
    api.upload()
    send_due(installation)
    assert api.get("/stores/1").json["use_webhook"] is False


def test_what_is_tried_ten_times_has_failed(api, installation, hooked, receiver, later):
    receiver.status = 500
    api.upload()
    send_due(installation)
    for delay in outbox.RETRY_DELAYS:
        later(delay + 1)
        api.patch("/stores/1", json={"use_webhook": True})
        send_due(installation)
    [entry] = listed(api)
    assert (entry["state"], entry["attempts"]) == ("failed", 10)
    assert entry["next_attempt"] is None


SOON = 40
"""Seconds after which the first retry is due without Retry-After, and more."""


@pytest.mark.parametrize("status", [429, 503, 500])
def test_a_receiver_that_asks_to_wait_is_sent_nothing(
    api, installation, hooked, receiver, later, status
):
    receiver.status = status
    receiver.headers = {"Retry-After": "600"}
    api.upload()
    assert send_due(installation) == (0, 1)
    receiver.status, receiver.headers = 204, {}
    later(SOON)
    # Nor what happens meanwhile.
    api.add(code="more")
    assert send_due(installation) == (0, 0)
    later(600 - SOON)
    assert send_due(installation) == (2, 0)


def test_another_address_need_not_wait(api, installation, hooked, receiver):
    receiver.status, receiver.headers = 429, {"Retry-After": "600"}
    api.upload()
    send_due(installation)
    receiver.status = 204
    api.patch("/stores/1", json={"webhook_url": f"{receiver.url}&c=d"})
    api.add(code="more")
    assert send_due(installation) == (1, 0)


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        (None, 0),
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("-5", 0),
        ("soon", 0),
        ("9" * 30, sender.LONGEST_PAUSE),
        ("9" * 9000, 0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", sender.LONGEST_PAUSE),
    ],
)
def test_retry_after_is_read(sent, seconds):
    assert sender._retry_after(sent) == seconds


ADDRESSES = [
    ("/bestellung/für?shop=café", "/bestellung/f%C3%BCr?shop=caf%C3%A9"),
    ("/f%C3%BCr", "/f%C3%BCr"),
    ("/a|b?c={d}&e=f", "/a%7Cb?c=%7Bd%7D&e=f"),
    ("?x=1", "/?x=1"),
    ("/a/../b#part", "/b"),
    ("/100%", "/100%25"),
    ("/日本", "/%E6%97%A5%E6%9C%AC"),
]


@pytest.mark.parametrize(("written", "sent"), ADDRESSES)
def test_an_address_is_sent_as_clients_send_it(
    api, installation, hooked, receiver, written, sent
):
    base = receiver.url.partition("/hook")[0]
    patched = api.patch("/stores/1", json={"webhook_url": f"{base}{written}"})
    assert patched.status_code == 200, patched.text
    api.upload()
    assert send_due(installation) == (1, 0)
    assert receiver.paths == [sent]
    host = receiver.seen[0][0]["Host"]
    assert host == base.removeprefix("http://")


@pytest.mark.parametrize(("written", "sent"), ADDRESSES[:2])
def test_customers_are_redirected_to_the_same(api, anonymous, written, sent):
    url = f"https://files.example{written}"
    values = {"name": "A", "code": "a", "price": 1, "item_category_id": 2, "url": url}
    api.post("/stores/1/downloadables", json=values)
    bought = api.post(PURCHASES, json={"downloadable_id": 1}).json
    answer = anonymous.get(bought["_links"]["fx:download_url"]["href"])
    assert answer.headers["Location"] == f"https://files.example{sent}"


def test_a_host_in_any_script_is_looked_up_by_its_ascii_name(
    api, installation, hooked, monkeypatch
):
    asked = []

    def resolve(host, port, *, may_be_private):
        asked.append(host)
        raise sender.AddressRefused("enough")

    monkeypatch.setattr(sender, "resolve_host", resolve)
    api.patch("/stores/1", json={"webhook_url": "https://bücher.example/hook"})
    api.upload()
    send_due(installation)
    assert asked == ["xn--bcher-kva.example"]


HOSTS = [
    ("bücher.example", "xn--bcher-kva.example"),
    ("faß.example", "xn--fa-hia.example"),
    ("\uff41.example", "a.example"),
    ("example\u3002com", "example.com"),
    ("\u2603.example", "xn--n3h.example"),
]


@pytest.mark.parametrize(("host", "ascii_host"), HOSTS)
def test_a_host_is_one_for_webhooks_and_for_customers(api, anonymous, host, ascii_host):
    values = {"name": "A", "code": "a", "price": 1, "item_category_id": 2}
    url = f"https://{host}/ü"
    assert (
        api.post("/stores/1/downloadables", json={**values, "url": url}).json["url"]
        == url
    )
    bought = api.post(PURCHASES, json={"downloadable_id": 1}).json
    answer = anonymous.get(bought["_links"]["fx:download_url"]["href"])
    assert answer.headers["Location"] == f"https://{ascii_host}/%C3%BC"
    assert to_uri(url) == answer.headers["Location"]


@pytest.mark.parametrize(
    "host", ["example..com", ".example.com", "a" * 64, "1\u05d0.example", "\u00ad"]
)
def test_what_no_host_can_be_is_refused(api, host):
    answer = api.patch("/stores/1", json={"webhook_url": f"http://{host}/"})
    assert api.errors(answer) == {"webhook_url": "invalid"}


def test_a_shorter_pause_or_a_success_does_not_end_a_longer_one(
    api, installation, hooked, receiver, later
):
    api.upload()
    receiver.status, receiver.headers = 429, {"Retry-After": "3600"}
    [slow] = outbox.claim_due(installation.database, most=1, of_one_store=1)
    api.add(code="more")
    send_due(installation)
    api.add(code="and more")
    outcome = outbox.DeliveryOutcome(204, "")
    outbox.record_outcome(installation.database, slow, outcome)
    later(60)
    assert send_due(installation) == (0, 0)


class Sender:
    """A receiver that sends what it likes, without end."""

    def __init__(self, head, chunk):
        self.head, self.chunk = head, chunk
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        with self.socket:
            line, _ = self.socket.accept()
        with contextlib.suppress(OSError), line:
            line.recv(65536)
            line.sendall(self.head)
            for _ in range(2000):
                line.sendall(self.chunk)


OK = b"HTTP/1.1 200 OK\r\n"
BOMB = gzip.compress(bytes(64 * 2**20))


@pytest.mark.parametrize(
    ("head", "chunk"),
    [
        (OK + b"Connection: close\r\n\r\n", bytes(2**20)),
        (OK + b"Content-Length: 99999999999\r\n\r\n", bytes(2**20)),
        (OK + b"Content-Length: 9\r\n\r\n", b""),
        (OK + b"Content-Encoding: gzip\r\n\r\n", BOMB),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK + b"\r\n", b""),
        (b"HTTP/1.1 102 Processing\r\n\r\n" * 3 + OK + b"\r\n", b""),
    ],
)
def test_only_the_final_status_counts_and_no_body_is_read(
    api, installation, hooked, head, chunk
):
    receiver = Sender(head, chunk)
    api.patch("/stores/1", json={"webhook_url": receiver.url})
    api.upload()
    tracemalloc.start()
    try:
        assert send_due(installation) == (1, 0)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()
    [entry] = listed(api)
    assert entry["response_status"] == 200


def test_interim_answers_without_end_are_a_failure(api, installation, hooked):
    receiver = Sender(b"", b"HTTP/1.1 102 Processing\r\n\r\n")
    api.patch("/stores/1", json={"webhook_url": receiver.url})
    api.upload()
    assert send_due(installation) == (0, 1)


KEYS = [
    f"{name}-key-of-at-least-16-characters" for name in ("first", "second", "third")
]


def verified(key, seen):
    headers, body = seen
    secret = base64.b64encode(key.encode()).decode()
    try:
        standardwebhooks.Webhook(secret).verify(body, headers)
    except standardwebhooks.WebhookVerificationError:
        return False
    return True


def test_after_a_change_both_keys_sign_for_a_day(
    api, installation, hooked, receiver, later
):
    for key in KEYS[:2]:
        api.patch("/stores/1", json={"webhook_key": key})
    api.add(code="a")
    send_due(installation)
    assert [verified(key, receiver.seen[-1]) for key in KEYS] == [True, True, False]
    # A mistyped key that is mended at once does not cut the first one off.
    api.patch("/stores/1", json={"webhook_key": KEYS[2]})
    api.patch("/stores/1", json={"webhook_key": KEYS[2], "store_name": "New"})
    api.add(code="b")
    send_due(installation)
    assert [verified(key, receiver.seen[-1]) for key in KEYS] == [True, True, True]
    assert KEYS[0] not in api.get("/stores/1").text
    receiver.seen.clear()
    api.add(code="c")
    later(outbox.ROTATION + 1)
    entry = listed(api, event="downloadable.created")[-1]
    api.post(entry["_links"]["self"]["href"])
    send_due(installation)
    signatures = receiver.seen[-1][0]["webhook-signature"].split()
    assert len(signatures) == 1


def test_a_key_that_comes_back_signs_once(api, installation, hooked, receiver):
    for key in (KEYS[0], KEYS[1], KEYS[0]):
        api.patch("/stores/1", json={"webhook_key": key})
    api.upload()
    send_due(installation)
    signatures = receiver.seen[-1][0]["webhook-signature"].split()
    assert len(signatures) == len(set(signatures)) == 3


def test_keys_of_before_are_few(api, installation, hooked, receiver):
    for number in range(20):
        key = f"key-{number}-of-at-least-16-characters"
        api.patch("/stores/1", json={"webhook_key": key})
    api.upload()
    send_due(installation)
    signatures = receiver.seen[-1][0]["webhook-signature"].split()
    assert len(signatures) == 1 + outbox.MOST_KEYS


def test_a_redirect_is_not_followed(api, installation, hooked, receiver):
    receiver.status = 302
    api.upload()
    assert send_due(installation) == (0, 1)
    assert len(receiver.seen) == 1
    assert "redirects are not followed" in listed(api)[0]["error"]


def test_who_does_not_listen_is_tried_again(api, installation, hooked, receiver):
    receiver.close()
    api.upload()
    assert send_due(installation) == (0, 1)
    assert "cannot be reached" in listed(api)[0]["error"]
    api.patch("/stores/1", json={"webhook_url": "http://none.invalid/"})
    api.add(code="more")
    assert send_due(installation) == (0, 1)
    assert "the host is not found" in listed(api)[-1]["error"]


def test_a_slow_store_with_a_backlog_stops_no_other(
    api, operator, installation, hooked, receiver, monkeypatch
):
    """A receiver that sends a byte now and then, and hundreds of events for it."""
    monkeypatch.setattr(sender, "DEADLINE", 2.0)
    with socket.create_server(("127.0.0.1", 0)) as slow:
        dripping = threading.Thread(target=drip, args=(slow,), daemon=True)
        dripping.start()
        url = f"http://127.0.0.1:{slow.getsockname()[1]}/"
        api.patch("/stores/1", json={"webhook_url": url})
        for number in range(100):
            api.add(code=f"c{number}")
        values = {**OTHER_STORE, "use_webhook": True, "webhook_url": receiver.url}
        made = operator.post("/stores", json=values)
        other = Api(api.client, made.json["token"])
        category = made.headers["Location"] + "/item_categories"
        other.post(category, json=DOWNLOADED)
        listed = other.get(category).json["_embedded"]["fx:item_categories"]
        new = {"name": "x", "code": "x", "price": 1}
        new["item_category_uri"] = listed[-1]["_links"]["self"]["href"]
        shelf = made.headers["Location"] + "/downloadables"
        assert other.post(shelf, json=new).status_code == 201
        telling = webhook_sender(installation)
        assert telling.begin() == sender.OF_ONE_STORE + 1
        assert wait_until(lambda: receiver.events == ["downloadable.created"], 2)
        # There is no more room for the slow one until its attempts have ended.
        assert telling.begin() == 0
        assert wait_until(lambda: telling.failed == sender.OF_ONE_STORE, 8)
        assert telling.begin() == sender.OF_ONE_STORE
        # Nothing of it outlives the test.
        assert wait_until(lambda: telling.failed == 2 * sender.OF_ONE_STORE, 8)


def drip(server):
    """Answer each with a header that never ends."""
    while True:
        try:
            line, _address = server.accept()
        except OSError:
            return
        line.sendall(b"HTTP/1.1 200 OK\r\n")

        def go_on(line=line):
            with line, contextlib.suppress(OSError):
                for _ in range(100):
                    line.sendall(b"X-More: 1\r\n")
                    time.sleep(0.3)

        threading.Thread(target=go_on, daemon=True).start()


def test_what_is_under_way_is_taken_by_nobody_else(api, installation, hooked):
    for number in range(6):
        api.add(code=f"c{number}")
    database = installation.database
    first = outbox.claim_due(database, most=4, of_one_store=4)
    second = outbox.claim_due(database, most=4, of_one_store=4)
    assert [len(first), len(second)] == [4, 2]
    assert not {one.id for one in first} & {one.id for one in second}


def test_an_attempt_that_outlived_its_lease_says_nothing_any_more(
    api, installation, hooked, later
):
    api.add()
    database = installation.database
    [late] = outbox.claim_due(database, most=4, of_one_store=4)
    later(outbox.LEASE + 1)
    [second] = outbox.claim_due(database, most=4, of_one_store=4)
    outbox.record_outcome(database, second, outbox.DeliveryOutcome(200, ""))
    outbox.record_outcome(database, late, outbox.DeliveryOutcome(None, "late"))
    [entry] = listed(api)
    assert (entry["state"], entry["attempts"], entry["error"]) == ("delivered", 1, "")
    assert entry["next_attempt"] is None


def test_a_replay_is_not_ended_by_the_attempt_before(api, installation, hooked):
    api.add()
    database = installation.database
    [before] = outbox.claim_due(database, most=4, of_one_store=4)
    [entry] = listed(api)
    api.post(entry["_links"]["self"]["href"])
    outbox.record_outcome(database, before, outbox.DeliveryOutcome(200, ""))
    [entry] = listed(api)
    assert (entry["state"], entry["attempts"]) == ("pending", 0)


def test_what_is_told_is_forgotten_after_a_month(api, installation, hooked, later):
    api.add()
    later(outbox.KEPT + 10)
    with installation.database.writing() as tx:
        assert outbox.delete_old_deliveries(tx) == 1
    assert api.get(PATH).json["total_items"] == 0


@pytest.mark.parametrize(
    "query",
    ["webhook_key=whsec_*", "order=webhook_key", "webhook_key:isdefined=true"],
)
def test_nobody_can_ask_about_a_secret(api, reader, operator, hooked, query):
    for who in (api, reader, operator):
        answer = who.get(f"/stores?{query}")
        assert answer.status_code == 400
        assert "webhook_key" in answer.text
    nested = query.replace("webhook_key", "store:webhook_key")
    assert reader.get(f"/stores/1/downloadables?{nested}").status_code == 400


def test_a_key_is_never_lost_by_leaving_it_out(api, hooked):
    whole = api.get("/stores/1").json
    whole.pop("webhook_key")
    whole.pop("_links")
    changed = api.put("/stores/1", json={**whole, "store_name": "New"})
    assert changed.status_code == 200, changed.text
    assert changed.json["webhook_key"] == hooked["webhook_key"]


def test_a_host_that_a_customer_claims_is_not_told(
    api, app, installation, hooked, receiver
):
    item = api.upload()
    bought = api.post(PURCHASES, json={"downloadable_id": item})
    link = bought.json["_links"]["fx:download_url"]["href"]
    guest = Api(app.test_client(), None)
    guest.get(link, headers={"Host": "evil.example"})
    send_due(installation)
    assert all(b"evil.example" not in body for _headers, body in receiver.seen)


def test_what_did_not_happen_is_not_told(api, installation, hooked, receiver):
    item = api.add()
    send_due(installation)
    assert api.post("/stores/1/downloadables", json={"name": "x"}).status_code == 422
    assert api.patch(f"/downloadables/{item}", json={"price": -1}).status_code == 422
    assert send_due(installation) == (0, 0)


def test_tokens_that_only_read_do_not_see_the_key(api, reader, hooked):
    assert api.get("/stores/1").json["webhook_key"]
    for answer in ("hal", "xml", "siren", "hal-forms", "html"):
        for path in ("/stores/1", "/stores", "/downloadables/1?zoom=store"):
            api.add(code=f"{answer}{len(path)}")
            separator = "&" if "?" in path else "?"
            shown = reader.get(f"{path}{separator}format={answer}")
            assert shown.status_code == 200
            assert hooked["webhook_key"] not in shown.text
    assert hooked["webhook_key"] not in reader.get("/stores?format=csv").text
    assert reader.get("/stores/1").json["webhook_key"] == ""


def test_another_store_sees_none_of_it(api, operator, hooked, installation):
    made = operator.post("/stores", json=OTHER_STORE)
    other = Api(api.client, made.json["token"])
    api.add()
    [entry] = listed(api)
    assert other.get(entry["_links"]["self"]["href"]).status_code == 404
    assert other.post(entry["_links"]["self"]["href"]).status_code == 404
    assert other.get(PATH).status_code == 404


class TestPrivateAddresses:
    """Nothing is sent into the network that the server is in."""

    @pytest.fixture
    def settings(self):
        return {}

    @pytest.mark.usefixtures("hooked")
    def test_they_are_refused(self, api, installation, receiver):
        api.upload()
        assert send_due(installation) == (0, 1)
        assert receiver.seen == []
        error = listed(api)[0]["error"]
        assert "not at a public address" in error
        # A tenant learns nothing of the network that the server is in.
        assert "127.0.0.1 is at" not in error

    @pytest.mark.parametrize(
        ("address", "is_public"),
        [
            ("93.184.216.34", True),
            ("2606:2800:220:1:248:1893:25c8:1946", True),
            ("127.0.0.1", False),
            ("10.1.2.3", False),
            ("169.254.169.254", False),
            ("100.64.0.1", False),
            ("0.0.0.0", False),
            ("224.0.0.1", False),
            ("::1", False),
            ("::", False),
            ("fe80::1", False),
            ("fc00::1", False),
            ("::ffff:127.0.0.1", False),
            ("::ffff:93.184.216.34", True),
            ("64:ff9b::7f00:1", False),
            ("64:ff9b::5db8:d822", True),
            ("2002:7f00:1::", False),
            ("ff02::1", False),
            ("64:ff9b:1::a00:1", False),
            ("fec0::1", False),
            ("::127.0.0.1", False),
            ("::ffff:0:127.0.0.1", False),
            ("2001:db8::1", False),
            ("198.18.0.1", False),
            ("240.0.0.1", False),
        ],
    )
    def test_however_they_are_written(self, address, is_public):
        assert sender.is_public(ipaddress.ip_address(address)) is is_public


def test_a_running_server_tells_by_itself(tmp_path, receiver):
    server = start_server(
        tmp_path / "data", environment={"SIRENHALL_WEBHOOK_PRIVATE": "true"}
    )
    try:
        values = json.dumps({"use_webhook": True, "webhook_url": receiver.url})
        json_type = ("-H", "Content-Type: application/json")
        store = f"{server.url}stores/1"
        server.curl("-X", "PATCH", *json_type, "-d", values, store)
        new = {"name": "a", "code": "a", "price": 1, "item_category_id": 2}
        server.curl(*json_type, "-d", json.dumps(new), f"{store}/downloadables")
        assert wait_until(lambda: receiver.events == ["downloadable.created"], 10)
    finally:
        stop_server(server)


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("x", "too_short"),
        ("whsec_!!!!!!!!!!!!!!!!!!!!", "invalid"),
        ("whsec_c2hvcnQgYXMgaXQgaXM", "invalid"),
        ("whsec_c2hvcnQgYXMgaXQ=", "invalid"),
    ],
)
def test_a_key_that_can_be_guessed_or_is_none_is_refused(api, key, code):
    answer = api.patch("/stores/1", json={"webhook_key": key})
    assert answer.status_code == 422
    assert api.errors(answer) == {"webhook_key": code}
