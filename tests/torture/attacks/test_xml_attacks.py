"""XML that wants to read files, reach the network, or fill the memory."""

import contextlib
import shutil
import subprocess
import time

import pytest

from tests.conftest import start_server, stop_server, wait_until
from tests.torture.loads import ask, upload

HEAD = '<?xml version="1.0"?>'
BODY = "<resource><name>&e;</name></resource>"


def laughs():
    entities = ['<!ENTITY e0 "ha">']
    entities += [f'<!ENTITY e{n} "' + f"&e{n - 1};" * 10 + '">' for n in range(1, 10)]
    return f"{HEAD}<!DOCTYPE r [{''.join(entities)}]>" + BODY.replace("&e;", "&e9;")


ATTACKS = {
    "internal entity": f'{HEAD}<!DOCTYPE r [<!ENTITY e "x">]>{BODY}',
    "file": f'{HEAD}<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]>{BODY}',
    "network": f'{HEAD}<!DOCTYPE r [<!ENTITY e SYSTEM "http://127.0.0.1:1/">]>{BODY}',
    "external DTD": f'{HEAD}<!DOCTYPE r SYSTEM "file:///etc/passwd">{BODY}',
    "public DTD": f'{HEAD}<!DOCTYPE r PUBLIC "-//W3C//DTD" "http://127.0.0.1:1/">{BODY}',
    "parameter entity": (
        f'{HEAD}<!DOCTYPE r [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>{BODY}'
    ),
    "billion laughs": laughs(),
    "quadratic": (
        f'{HEAD}<!DOCTYPE r [<!ENTITY e "{"x" * 50_000}">]>'
        f"<resource><name>{'&e;' * 5000}</name></resource>"
    ),
    "undeclared entity": f"{HEAD}{BODY}",
    "xinclude": (
        f'{HEAD}<resource xmlns:x="http://www.w3.org/2001/XInclude"><name>'
        '<x:include href="file:///etc/passwd" parse="text"/></name></resource>'
    ),
    "utf-16 doctype": (
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE r [<!ENTITY e "x">]>' + BODY
    ).encode("utf-16"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_it_is_refused_quickly_and_tells_nothing(api, name):
    started = time.process_time()
    response = api.post(
        "/stores/1/downloadables", data=ATTACKS[name], content_type="application/xml"
    )
    assert response.status_code in {400, 413, 415}, response.text
    assert "root:" not in response.text
    assert time.process_time() - started < 1.0


def test_many_attributes_and_elements_are_bounded_by_the_body(api):
    for body in (
        "<resource " + " ".join(f'a{n}="1"' for n in range(40_000)) + "/>",
        f"<resource>{'<a/>' * 100_000}</resource>",
    ):
        response = api.post(
            "/stores/1/downloadables", data=body, content_type="application/xml"
        )
        assert response.status_code in {400, 413, 415}


@pytest.mark.skipif(not shutil.which("strace"), reason="there is no strace")
def test_the_server_opens_nothing_that_they_name(tmp_path):
    """Seen by the system's own eyes: libxml2 opens files behind Python's back."""
    server = start_server(tmp_path / "data", "--workers", "1")
    assert wait_until(lambda: ask(server, "GET", "/health/ready").status == 200, 20)
    listed = ["pgrep", "-P", str(server.process.pid)]
    pid = subprocess.run(listed, capture_output=True, text=True, check=True).stdout
    log = tmp_path / "strace"
    command = ["strace", "-f", "-o", str(log), "-e", "trace=open,openat,connect"]
    with subprocess.Popen(
        [*command, "-p", pid.strip()], stderr=subprocess.PIPE, text=True
    ) as tracer:
        assert "attached" in tracer.stderr.readline()
        for attack in ATTACKS.values():
            body = attack if isinstance(attack, bytes) else attack.encode()
            kind = {"Content-Type": "application/xml"}
            for method, path in (
                ("POST", "/stores/1/downloadables"),
                ("PATCH", "/stores/1"),
            ):
                found = ask(server, method, path, body, kind)
                assert found.status in {400, 413, 415}, attack[:100]
        # That something is seen at all.
        assert upload(server, "a", b"x").status == 201
        tracer.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            tracer.wait(timeout=5)
        tracer.kill()
    stop_server(server)
    seen = log.read_text()
    assert "openat" in seen
    assert "passwd" not in seen
    assert "htons(1)" not in seen
