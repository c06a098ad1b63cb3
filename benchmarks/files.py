"""Uploads and downloads, ours and the ceiling of the machine, in one run (U1 to D2).

    python benchmarks/files.py [--size 512] [--rounds 3] [--large 2048]

Starts our server, a bare gunicorn application and, where it is installed, nginx, each
with one worker, and moves a file of so many MiB by curl, in turns. Prints MB/s and CPU
seconds per GB, ratios of medians with the targets, and how far the memory of a worker
grew for a file of `--large` MiB. Exits with 1 where a target is missed.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
TICKS = os.sysconf("SC_CLK_TCK")
GROWTH = 16 * 2**20
TARGETS = [
    ("U1 CPU, ours / hash, write and sync", "ours PUT", "bare PUT", 1.7, "-"),
    ("U1 CPU, request.files + copy / ours", "bare form", "ours form", 1.45, "+"),
    ("D1 CPU, ours / bare file_wrapper", "ours GET", "bare GET", 2, "-"),
    ("D2 CPU, our range / our whole", "ours range", "ours GET", 2, "-"),
    ("D2 CPU, send_file range / ours", "bare range", "ours range", 2.5, "+"),
]
BARE = """
import hashlib, os
from flask import Flask, request, send_file
app, folder = Flask(__name__), os.environ["FOLDER"]

@app.put("/put")
def put():
    digest = hashlib.sha256()
    with open(f"{folder}/put", "wb", buffering=0) as file:
        while chunk := request.stream.read(65536):
            file.write(chunk)
            digest.update(chunk)
        os.fsync(file.fileno())
    return digest.hexdigest()

@app.post("/form")
def form():
    digest = hashlib.sha256()
    request.files["file"].save(f"{folder}/form")
    with open(f"{folder}/form", "rb") as file:
        while chunk := file.read(65536):
            digest.update(chunk)
        os.fsync(file.fileno())
    return digest.hexdigest()

@app.get("/range")
def part():
    return send_file(f"{folder}/large", mimetype="text/plain")

flask = app.wsgi_app
def wsgi(environ, start):
    if environ["PATH_INFO"] != "/large":
        return flask(environ, start)
    size = os.path.getsize(f"{folder}/large")
    start("200 OK", [("Content-Length", str(size)), ("Content-Type", "text/plain")])
    return environ["wsgi.file_wrapper"](open(f"{folder}/large", "rb"), 65536)
app.wsgi_app = wsgi
"""
STATIC = """
daemon off; worker_processes 1; {user}
pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{}}
http {{
    access_log off; sendfile on;
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def children(process):
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)],
        capture_output=True,
        text=True,
        check=True,
    )
    return listed.stdout.split()


def cpu(process):
    """Give the CPU seconds of a server's workers."""
    total = 0
    for pid in children(process):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def peak(process):
    """Give the highest resident bytes of a worker so far."""
    return max(
        int(line.split()[1]) * 1024
        for pid in children(process)
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )


def curl(*arguments):
    done = subprocess.run(
        ["curl", "-sSf", *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


def start_ours(folder):
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "app", "serve", "--json", "--workers", "1"),
            *("--port", "0", "--data-dir", str(folder / "data")),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    said = json.loads(process.stdout.readline())
    return process, said["url"], ("-H", f"Authorization: Bearer {said['token']}")


def start_bare(folder):
    port = free_port()
    (folder / "bare.py").write_text(BARE)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "bare:app", "-b", f"127.0.0.1:{port}"),
            *("-w", "1", "-k", "gthread", "--threads", "8", "--log-level", "error"),
        ],
        cwd=folder,
        env={**os.environ, "FOLDER": str(folder)},
    )
    return process, port


def start_nginx(folder):
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    text = STATIC.format(folder=folder, port=port, user=user)
    (folder / "nginx.conf").write_text(text)
    return subprocess.Popen([NGINX, "-c", str(folder / "nginx.conf")]), port


def wait_for(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return


def create(url, token, path, code):
    form = ("-F", "name=x", "-F", f"code={code}", "-F", "price=1")
    category = ("-F", "item_category_id=2")
    answer = curl(
        *token, "-F", f"file=@{path}", *form, *category, f"{url}stores/1/downloadables"
    )
    return json.loads(answer)["_links"]["self"]["href"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--large", type=int, default=2048)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
        return run(Path(name), options)


def run(folder, options):
    size = options.size * 2**20
    path = folder / "large"
    with path.open("wb") as file:
        for _ in range(options.size):
            file.write(os.urandom(2**20))
    ours, url, token = start_ours(folder)
    bare, bare_port = start_bare(folder)
    servers = [ours, bare]
    wait_for(bare_port)
    plain = f"http://127.0.0.1:{bare_port}"
    item = create(url, token, path, "first")
    small, spread = ("-r", f"1000-{size - 1000}"), ("-o", os.devnull)
    cases = {
        "bare PUT": (bare, lambda _n: curl("-T", str(path), f"{plain}/put")),
        "ours PUT": (
            ours,
            lambda _n: curl(*token, *spread, "-T", str(path), f"{item}/file"),
        ),
        "bare form": (bare, lambda _n: curl("-F", f"file=@{path}", f"{plain}/form")),
        "ours form": (ours, lambda n: create(url, token, path, f"c{n}")),
        "bare GET": (bare, lambda _n: curl(*spread, f"{plain}/large")),
        "ours GET": (ours, lambda _n: curl(*token, *spread, f"{item}/file")),
        "bare range": (bare, lambda _n: curl(*small, *spread, f"{plain}/range")),
        "ours range": (
            ours,
            lambda _n: curl(*token, *small, *spread, f"{item}/file"),
        ),
    }
    if Path(NGINX).exists():
        nginx, port = start_nginx(folder)
        servers.append(nginx)
        wait_for(port)
        address = f"http://127.0.0.1:{port}/large"
        cases["nginx GET"] = (nginx, lambda _n: curl(*spread, address))
    try:
        found = measure(cases, size, options.rounds)
        grown = growth(folder, ours, url, token, options.large)
    finally:
        for server in servers:
            server.terminate()
            server.wait()
    return report(found, grown, options.large)


def measure(cases, size, rounds):
    found = {name: ([], []) for name in cases}
    for number in range(rounds):
        for name, (server, do) in cases.items():
            before, start = cpu(server), time.perf_counter()
            do(number)
            elapsed = time.perf_counter() - start
            found[name][0].append((cpu(server) - before) / (size / 1e9))
            found[name][1].append(size / 1e6 / elapsed)
    return {
        name: (statistics.median(used), statistics.median(speeds))
        for name, (used, speeds) in found.items()
    }


def growth(folder, ours, url, token, large):
    """Tell how far the memory of our worker grows for a large file."""
    path = folder / "large"
    with path.open("wb") as file:
        file.truncate(large * 2**20)
    before = peak(ours)
    item = create(url, token, path, "large")
    curl(*token, "-o", os.devnull, f"{item}/file")
    return peak(ours) - before


def report(found, grown, large):
    for name, (used, speed) in found.items():
        print(f"{name:11} {speed:8.0f} MB/s   {used:6.2f} CPU s/GB")
    missed = grown > GROWTH
    for words, over, under, bound, sign in TARGETS:
        ratio = found[over][0] / max(found[under][0], 1e-3)
        met = ratio >= bound if sign == "+" else ratio <= bound
        missed |= not met
        verdict = "" if met else "MISSED"
        print(f"{words:37} {ratio:6.2f}  (must {sign}{bound})  {verdict}")
    grown_in = f"{grown / 2**20:.1f} MiB"
    print(f"U2 growth for {large} MiB up and down: {grown_in} (must <= 16)")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
