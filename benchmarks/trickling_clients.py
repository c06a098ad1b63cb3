"""Whether 1,300 clients of one address that send a byte now and then stop the server.

    python benchmarks/trickling_clients.py [--clients 1300] [--seconds 60] [--nginx]

Starts the server as README.md does, opens that many connections from one address, each
of which sends a byte every 20 seconds (of its headers, then of its body), and asks for
/health/live from the same address all the while. With --nginx, they come through an
nginx that is set up as deploy/nginx.conf says. Prints the slowest answer, and exits
with 1 where one took a second or failed.
"""

import argparse
import contextlib
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
MOST = 1.0
EVERY = 20.0
HEADERS = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
BODY = (
    b"POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
)
UPLOAD = (
    b"PUT /uploads/none HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n"
)
KINDS = {"headers": HEADERS, "bodies": BODY, "uploads": UPLOAD}
MAIN = """
daemon off; {user} pid {folder}/pid; error_log {folder}/error.log;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{ access_log off; client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  include {folder}/site.conf; }}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def served(folder, environment):
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "app", "serve", "--json", "--port", "0"),
            *("--data-dir", str(folder / "data")),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    said = json.loads(process.stdout.readline())
    return process, int(said["message"].rpartition(":")[2].strip("/"))


def proxied(folder, port):
    """Start an nginx in front of the server; give it and its port."""
    own = free_port()
    site = (ROOT / "deploy" / "nginx.conf").read_text()
    for stated, here in (
        ("127.0.0.1:8000", f"127.0.0.1:{port}"),
        ("listen 80", f"listen 127.0.0.1:{own}"),
        ("/var/lib/sirenhall/files/;", f"{folder / 'data' / 'files'}/;"),
        ("/var/log/nginx/sirenhall.log", str(folder / "access.log")),
    ):
        site = site.replace(stated, here)
    (folder / "site.conf").write_text(site)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user))
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    process = subprocess.Popen([nginx, "-c", str(folder / "nginx.conf")])
    time.sleep(1)
    return process, own


def opened(port, count, head):
    connections = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        connection.sendall(head)
        connection.settimeout(0)
        connections.append(connection)
    return connections


def answered(port):
    """Ask whether the server lives; give the seconds that it took."""
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(
            b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        status = connection.recv(64)
    if b" 200 " not in status:
        return float("inf")
    return time.monotonic() - started


def measured(port, count, seconds, head):
    """Give the slowest answer while the clients trickle, and how many answers."""
    # The workers are loaded once one has answered.
    answered(port)
    clients = opened(port, count, head)
    end, sent, times = time.monotonic() + seconds, time.monotonic(), []
    while time.monotonic() < end:
        times.append(answered(port))
        if time.monotonic() - sent > EVERY:
            sent = time.monotonic()
            for client in clients:
                with contextlib.suppress(OSError):
                    client.send(b"a")
        time.sleep(0.1)
    for client in clients:
        client.close()
    return max(times), len(times)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=1300)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--nginx", action="store_true")
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))
    missed = False
    for name, head in KINDS.items():
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            environment = {"SIRENHALL_RATE_LIMIT": "none"}
            if options.nginx:
                environment["SIRENHALL_TRUSTED_PROXIES"] = "1"
            process, port = served(Path(folder), environment)
            stack.callback(process.wait)
            stack.callback(process.kill)
            if options.nginx:
                nginx, port = proxied(Path(folder), port)
                stack.callback(nginx.wait)
                stack.callback(nginx.terminate)
            slowest, count = measured(port, options.clients, options.seconds, head)
        missed |= slowest >= MOST
        verdict = "MISSED" if slowest >= MOST else ""
        way = "through nginx" if options.nginx else "direct"
        print(
            f"{options.clients} clients trickle {name:8} {way:14} "
            f"slowest of {count} health checks: {slowest * 1000:6.0f} ms  {verdict}"
        )
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
