"""How memory and open files of the workers change under a mixed load, over time.

    python benchmarks/soak.py --minutes 30

Prints a line a minute, and at the end the slope of memory after the first fifth, in
MB a minute, for each worker. Ends with 1 if one grows by 0.2 MB a minute or more, if
files stay open, or if an answer was a 5xx.
"""

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

MOST = 0.2
CLIENTS = 4
FORMATS = [
    "application/hal+json",
    "application/hal+xml",
    "application/vnd.siren+json",
    "text/html",
    "text/csv",
]
PART = "--X\r\nContent-Disposition: form-data; name={}\r\n\r\n"


class Load(threading.Thread):
    """Sends mixed requests, so many a second, until it is told to stop."""

    def __init__(self, port, token, number, pause):
        super().__init__(daemon=True)
        self.port, self.token, self.number, self.pause = port, token, number, pause
        self.chance = random.Random(number)
        self.statuses = Counter()
        self.paths = []
        self.is_over = False
        self.connection = None
        self.kinds = [
            *[self.page] * 3,
            *[self.one] * 2,
            self.file,
            self.create,
            self.change,
            self.replace,
            self.delete,
            self.wrong,
        ]

    def send(self, method, path, body=None, headers=None):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port)
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        try:
            self.connection.request(method, path, body, sent)
            answer = self.connection.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection = None
            self.statuses["broken"] += 1
            return 0, {}, b""
        self.statuses[answer.status] += 1
        return answer.status, answer.headers, data

    def run(self):
        count = 0
        while not self.is_over:
            count += 1
            self.chance.choice(self.kinds)(count)
            time.sleep(self.pause)

    def page(self, _count):
        accept = self.chance.choice(FORMATS)
        query = f"limit={self.chance.choice([5, 20, 100])}"
        query += f"&offset={self.chance.randrange(40)}"
        if self.chance.random() < 0.3:
            query += f"&search=s{self.number}-{self.chance.randrange(10_000)}"
        path = f"/stores/1/downloadables?{query}"
        self.send("GET", path, headers={"Accept": accept})

    def one(self, _count):
        if self.paths:
            self.send("GET", self.chance.choice(self.paths))

    def file(self, _count):
        if self.paths:
            self.send("GET", f"{self.chance.choice(self.paths)}/file")

    def create(self, count):
        fields = {
            "name": f"soak {count}",
            "code": f"s{self.number}-{count}",
            "price": "1",
            "item_category_id": "2",
        }
        parts = [PART.format(f'"{name}"') + value for name, value in fields.items()]
        parts.append(PART.format('"file"; filename="a.bin"'))
        content = os.urandom(self.chance.choice([100, 20_000, 300_000]))
        body = "\r\n".join(parts).encode() + content + b"\r\n--X--\r\n"
        kind = {"Content-Type": "multipart/form-data; boundary=X"}
        status, headers, _ = self.send("POST", "/stores/1/downloadables", body, kind)
        if status == 201:
            self.paths.append("/" + headers["Location"].split("/", 3)[3])
        if len(self.paths) > 100:
            self.delete(count)

    def change(self, count):
        if self.paths:
            body = json.dumps(
                {"price": count % 100, "description": "d" * (count % 500)}
            )
            kind = {"Content-Type": "application/json"}
            self.send("PATCH", self.chance.choice(self.paths), body, kind)

    def replace(self, _count):
        if self.paths:
            path = f"{self.chance.choice(self.paths)}/file"
            self.send("PUT", path, os.urandom(10_000), {"Content-Type": "text/plain"})

    def delete(self, _count):
        if self.paths:
            self.send("DELETE", self.paths.pop(0))

    def wrong(self, count):
        kind = {"Content-Type": "application/json"}
        body = self.chance.choice(['{"name": 1', "[]", json.dumps({"x": "y" * 3000})])
        self.send("POST", f"/stores/1/downloadables?a={count}", body, kind)


def workers(pid):
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(child): (memory(child), files(child)) for child in found}


def memory(pid):
    # Pages of files count less the more processes have them: only its own are counted.
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss_Anon:"):
            return int(line.split()[1]) / 1024
    return 0.0


def files(pid):
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def slope(samples):
    """Give the growth a minute, by least squares."""
    count = len(samples)
    mean_x = sum(x for x, _ in samples) / count
    mean_y = sum(y for _, y in samples) / count
    over = sum((x - mean_x) * (y - mean_y) for x, y in samples)
    return over / sum((x - mean_x) ** 2 for x, _ in samples)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=60, help="requests a second")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "app", "serve", "--port", "0", "--json"]
        server = subprocess.Popen(
            [*command, "--demo", "--data-dir", folder],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "SIRENHALL_RATE_LIMIT": "none"},
        )
        said = json.loads(server.stdout.readline())
        port = int(said["url"].rstrip("/").rpartition(":")[2])
        loads = [
            Load(port, said["token"], number, CLIENTS / arguments.rate)
            for number in range(CLIENTS)
        ]
        time.sleep(3)
        for load in loads:
            load.start()
        try:
            is_good = watched(server, loads, arguments.minutes)
        finally:
            server.terminate()
            server.wait()
    sys.exit(0 if is_good else 1)


def watched(server, loads, minutes):
    started = time.monotonic()
    samples, opened = {}, {}
    shown = 0.0
    while (passed := (time.monotonic() - started) / 60) < minutes:
        time.sleep(5)
        for pid, (size, descriptors) in workers(server.pid).items():
            samples.setdefault(pid, []).append((passed, size))
            opened.setdefault(pid, []).append(descriptors)
        if passed >= shown:
            shown += 1
            now = ", ".join(f"{found[-1][1]:.1f} MB" for found in samples.values())
            print(f"{passed:5.1f} min: {now}", flush=True)
    for load in loads:
        load.is_over = True
    statuses = sum((load.statuses for load in loads), Counter())
    print("answers:", dict(sorted(statuses.items(), key=str)))
    is_good = not any(str(status) >= "500" for status in statuses)
    for pid, found in samples.items():
        late = [sample for sample in found if sample[0] > minutes / 5]
        growth = slope(late)
        most, last = max(opened[pid][: len(opened[pid]) // 5 + 1]), opened[pid][-1]
        print(
            f"worker: {growth:+.3f} MB/min; {most} files open early, {last} at the end"
        )
        is_good &= growth < MOST and last <= most + 8
    return is_good


if __name__ == "__main__":
    main()
