"""What the API does while slow customers read and slow merchants write (D3).

    python benchmarks/slow_clients.py [--slow 200] [--seconds 10]

Starts the server as README.md does, asks it for pages from 8 connections without and
with so many slow downloads and uploads, and prints both, with the memory of all
processes. Exits with 1 where a target is missed.
"""

import argparse
import http.client
import json
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

TARGETS = {"rps loaded / idle": (0.6, "+"), "p99 loaded / idle": (10, "-")}
MEMORY = 200 * 2**20
SIZE = 8 * 2**20


def started(folder):
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "app", "serve", "--demo", "--json"),
            *("--port", "0", "--data-dir", str(folder / "data")),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).parent.parent,
    )
    said = json.loads(process.stdout.readline())
    return process, int(re.search(r":(\d+)/", said["url"])[1]), said["token"]


def memory(process):
    """Give the bytes of the server's processes, what they share counted once."""
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--pid", str(process.pid), "--ppid", str(process.pid)],
        capture_output=True,
        text=True,
        check=True,
    )
    return 1024 * sum(
        int(line.split()[1])
        for pid in listed.stdout.split()
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        if line.startswith("Pss:")
    )


def measured(port, token, seconds):
    """Ask for pages from 8 connections; give requests a second and the p99."""
    times, failures = [], []
    end = time.perf_counter() + seconds

    def ask():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {"Authorization": f"Bearer {token}"}
        while time.perf_counter() < end:
            start = time.perf_counter()
            connection.request("GET", "/stores/1/downloadables", headers=headers)
            answer = connection.getresponse()
            answer.read()
            times.append(time.perf_counter() - start)
            if answer.status != 200:
                failures.append(answer.status)
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(f"{len(failures)} requests failed: {set(failures)}")
    return len(times) / seconds, statistics.quantiles(times, n=100)[98]


def connected(port, number):
    """Connect from one of many addresses: one alone has a share of the threads."""
    source = f"127.0.1.{number % 50 + 1}"
    return socket.create_connection(("127.0.0.1", port), source_address=(source, 0))


class Slow:
    """Connections that read, or write, a little every half a second."""

    def __init__(self, port, count, path, token, slots):
        self.sockets = []
        self.ended = threading.Event()
        for number in range(count):
            reading = connected(port, number)
            reading.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reading.sendall(
                f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                f"Authorization: Bearer {token}\r\n\r\n".encode()
            )
            self.sockets.append((reading, False))
        for number, slot in enumerate(slots):
            writing = connected(port, number)
            writing.sendall(
                f"PUT {slot} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                f"Content-Length: {SIZE}\r\n\r\n".encode()
            )
            self.sockets.append((writing, True))
        self.thread = threading.Thread(target=self.trickle)
        self.thread.start()

    def trickle(self):
        while not self.ended.wait(0.5):
            for connection, is_writing in self.sockets:
                if is_writing:
                    connection.sendall(b"x" * 2048)
                else:
                    connection.recv(2048)

    def end(self):
        self.ended.set()
        self.thread.join()
        for connection, _is_writing in self.sockets:
            connection.close()


def request(port, token, method, path, body=None, kind="application/json"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
    connection.request(method, path, body=body, headers=headers)
    answer = connection.getresponse()
    found = json.loads(answer.read() or b"{}")
    connection.close()
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--slow", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        process, port, token = started(Path(folder))
        try:
            request(
                port, token, "PUT", "/downloadables/1/file", b"x" * SIZE, "text/plain"
            )
            slots = [
                request(port, token, "POST", "/downloadables/2/upload_url", b"{}")
                for _ in range(options.slow)
            ]
            paths = ["/" + s["upload_url"].split("/", 3)[3] for s in slots]
            measured(port, token, 2)
            idle = measured(port, token, options.seconds)
            slow = Slow(port, options.slow, "/downloadables/1/file", token, paths)
            time.sleep(2)
            loaded = measured(port, token, options.seconds)
            used = memory(process)
            slow.end()
        finally:
            process.terminate()
            process.wait()
    missed = used > MEMORY
    for name, (rps, p99) in (("idle", idle), ("loaded", loaded)):
        print(f"{name:7} {rps:7.0f} requests/s   p99 {p99 * 1000:6.1f} ms")
    ratios = (loaded[0] / idle[0], loaded[1] / idle[1])
    for (name, (bound, sign)), ratio in zip(TARGETS.items(), ratios, strict=True):
        met = ratio >= bound if sign == "+" else ratio <= bound
        missed |= not met
        verdict = "" if met else "MISSED"
        print(f"D3 {name:20} {ratio:5.2f}  (must {sign}{bound})  {verdict}")
    print(f"D3 memory               {used / 2**20:5.0f} MiB (must <= 200)")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
