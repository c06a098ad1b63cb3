"""Files with scripts in them, opened in a real browser: none of them runs."""

import contextlib
import http.server
import subprocess
import threading

import pytest

from tests.torture.loads import BROWSER, JSON, ask, form, item

pytestmark = pytest.mark.skipif(not BROWSER, reason="there is no Chromium")
TYPES = ("", "text/html", "image/svg+xml")


def corpus(canary):
    """Give files that call the canary if they are run as what they look like."""
    script = f'<script>fetch("{canary}",{{mode:"no-cors"}})</script>'
    image = f'<img src="{canary}">'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" onload=\'fetch("{canary}")\'>'
    return {
        "a.html": f"<!DOCTYPE html>{script}{image}",
        "a.htm": f"{script}{image}",
        "a.svg": f"{svg}<image href='{canary}'/></svg>",
        "a.xhtml": '<html xmlns="http://www.w3.org/1999/xhtml"><body>'
        f'<img src="{canary}"/></body></html>',
        "a.xml": f'<?xml-stylesheet href="{canary}"?><a>{image}</a>',
        "a.mht": "MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n" + script,
        "a.txt": f"<html>{script}{image}</html>",
        "a.gif": f"GIF89a/*{script}*/{image}",
        "a.pdf": f"%PDF-1.4\n{script}{image}",
        "a.js": f'fetch("{canary}")',
        "a.json": f'{{"a": "{image}"}}',
        "a": f"{script}{image}",
    }


@pytest.fixture
def canary():
    """Listen for anything that calls home."""
    called = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            called.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listener.server_port}", called
    listener.shutdown()
    listener.server_close()


def opened(urls, folder):
    """Open addresses in a browser, one after the other."""
    for url in urls:
        command = [
            *(BROWSER, "--headless", "--no-sandbox", "--disable-gpu"),
            *(f"--user-data-dir={folder}", "--virtual-time-budget=500"),
            *("--timeout=3000", "--dump-dom", url),
        ]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, capture_output=True, check=False, timeout=6)


def test_no_file_runs_in_a_browser(server, canary, tmp_path, is_full):
    address, called = canary
    files = corpus(f"{address}/file")
    # That the browser would call at all.
    page = tmp_path / "page.html"
    page.write_text(files["a.html"])
    opened([page.as_uri()], tmp_path / "profile")
    assert called
    called.clear()
    urls = []
    few = list(files.items()) if is_full else list(files.items())[:3]
    for number, (name, content) in enumerate(few):
        for kind in TYPES if is_full else TYPES[number : number + 1]:
            urls.append(link(server, f"x{number}{len(urls)}", name, kind, content))
    opened(urls, tmp_path / "profile")
    assert called == []


def link(server, code, name, kind, content):
    """Sell a file, and give the customer's link."""
    body, headers = form(item(code), content.encode())
    declared = f"\r\nContent-Type: {kind}" if kind else ""
    shown = f'filename="{name}"{declared}'.encode()
    body = body.replace(b'filename="f.txt"', shown)
    made = ask(server, "POST", "/stores/1/downloadables", body, headers)
    assert made.status == 201, made.body
    number = made.headers["Location"].rpartition("/")[2]
    bought = ask(
        server,
        "POST",
        "/stores/1/downloadable_purchases",
        b'{"downloadable_id": %d}' % int(number),
        JSON,
    )
    return str(bought.json["_links"]["fx:download_url"]["href"])
