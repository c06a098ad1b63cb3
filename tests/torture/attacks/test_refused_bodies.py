"""A large body that is refused early: the client reads why, whatever it is."""

import http.client
import json
import os
import re
import subprocess

import pytest

from tests.torture.loads import BROWSER, JSON, ask

SIZE = 5_000_000
TIMES = 20
FORM = {"Content-Type": "multipart/form-data; boundary=X"}
REFUSALS = {
    "no token": (401, "/stores/1/downloadables", {"Authorization": "Bearer x", **FORM}),
    "too large": (413, "/stores/1/downloadables", JSON),
    "no slot": (404, "/uploads/unknown", {}),
    "no such method": (405, "/rels", {}),
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_pythons_own_client_reads_the_answer(server, kind):
    status, path, headers = REFUSALS[kind]
    method = "PUT" if status in {404, 405} else "POST"
    body = os.urandom(SIZE)
    for _ in range(TIMES):
        found = ask(server, method, path, body, headers)
        assert found.status == status
        assert found.headers["Connection"] == "close"


@pytest.mark.parametrize("kind", ["no token", "too large"])
def test_chunked_it_is_read_as_well(server, kind):
    status, path, headers = REFUSALS[kind]
    chunks = [b"%x\r\n%s\r\n" % (65536, b"x" * 65536)] * 80
    for _ in range(TIMES):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.putrequest("POST", path)
        connection.putheader("Transfer-Encoding", "chunked")
        sent = {"Authorization": f"Bearer {server.token}", **headers}
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders()
        for chunk in chunks:
            connection.send(chunk)
        connection.send(b"0\r\n\r\n")
        found = connection.getresponse()
        found.read()
        assert found.status == status
        assert found.headers["Connection"] == "close"
        connection.close()


def test_curl_reads_the_answer(server, tmp_path):
    file = tmp_path / "large"
    file.write_bytes(os.urandom(SIZE))
    for number in range(TIMES):
        # Without 100-continue it sends all of it, as browsers do.
        expect = ["-H", "Expect:"] if number % 2 else []
        command = [
            *("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", *expect),
            *("-F", f"file=@{file}", f"{server.url}stores/1/downloadables"),
        ]
        found = subprocess.run(command, capture_output=True, text=True, check=True)
        assert found.stdout == "401"


def test_what_is_small_is_skipped_and_the_connection_stays(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for _ in range(3):
        connection.request("POST", "/stores/1/downloadables", b"x" * 60_000, JSON)
        found = connection.getresponse()
        found.read()
        assert found.status == 401
        assert found.headers["Connection"] == "keep-alive"
        assert connection.sock is not None
    connection.close()


PAGE = """<!DOCTYPE html><pre id="statuses"></pre><script type="module">
const found = [];
for (let number = 0; number < TIMES; number++) {
  try {
    const body = new Blob([new Uint8Array(SIZE)]);
    const answer = await fetch("URL", {method: "METHOD", body, headers: HEADERS});
    await answer.text();
    found.push(answer.status);
  } catch (error) { found.push(String(error)); }
}
document.getElementById("statuses").textContent = found.join(" ");
</script>"""


@pytest.mark.skipif(not BROWSER, reason="there is no Chromium")
@pytest.mark.parametrize("kind", REFUSALS)
def test_a_browser_reads_the_answer(server, tmp_path, kind):
    status, path, headers = REFUSALS[kind]
    sent = {"Authorization": f"Bearer {server.token}", **headers}
    values = {
        "TIMES": str(TIMES),
        "SIZE": str(SIZE),
        "URL": server.url.rstrip("/") + path,
        "METHOD": "PUT" if status in {404, 405} else "POST",
        "HEADERS": json.dumps(sent),
    }
    page = tmp_path / "page.html"
    page.write_text(re.sub("|".join(values), lambda found: values[found[0]], PAGE))
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    shown = subprocess.run(
        [BROWSER, *options, profile, "--virtual-time-budget=60000", page.as_uri()],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    assert f">{' '.join([str(status)] * TIMES)}</pre>" in shown
