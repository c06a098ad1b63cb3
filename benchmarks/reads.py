"""CPU time of reads, ours and the naive design's, interleaved in one run.

    python benchmarks/reads.py [--rows 10000] [--rounds 7]

Prints ratios of medians, with the targets; exits with 1 where one is missed. Ours
does its whole job (token, negotiation, log); the naive side does without.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID

from flask import Flask

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import naive
from app import create_app
from app.http.middleware import access_log
from app.models import DOWNLOADABLES, FILES, MAIN, VERSIONS, Collection
from app.services.operations.provisioning import provision
from app.services.rows.changes import bump_collection
from app.settings import Settings

FORMATS = {
    "HAL": "application/hal+json",
    "Siren": "application/vnd.siren+json",
    "XML": "application/hal+xml",
}
PATHS = {
    "one": "/downloadables/5000",
    "page 20": "/stores/1/downloadables?limit=20&offset=200",
    "page 100": "/stores/1/downloadables?limit=100&offset=200",
    "page 300": "/stores/1/downloadables?limit=300&offset=200",
}
# quantity, what is divided by what, the bound: at least (+) or at most (-)
TARGETS = [
    ("P1", ("naive", "one", "HAL"), ("ours", "one", "HAL"), +4.5),
    ("P1", ("ours", "one", "HAL"), ("hello", "", ""), -2.6),
    ("P2", ("naive", "page 20", "HAL"), ("ours", "page 20", "HAL"), +8),
    ("P2", ("ours", "page 20", "HAL"), ("hello", "", ""), -4.8),
    ("P3", ("naive", "page 100", "HAL"), ("ours", "page 100", "HAL"), +11),
    ("P3", ("naive", "page 300", "HAL"), ("ours", "page 300", "HAL"), +11),
    ("P4", ("naive", "page 20", "HAL"), ("kept", "page 20", "HAL"), +14),
    ("P4", ("naive", "page 100", "HAL"), ("kept", "page 100", "HAL"), +45),
    ("P4", ("kept", "page 300", "HAL"), ("kept", "page 20", "HAL"), -1.3),
    ("P5", ("naive 304", "page 20", "HAL"), ("ours 304", "page 20", "HAL"), +14),
    ("P5", ("naive 304", "page 100", "HAL"), ("ours 304", "page 100", "HAL"), +50),
    ("P6", ("ours", "page 100", "XML"), ("ours", "page 100", "HAL"), -3),
    ("P6", ("naive", "page 100", "XML"), ("ours", "page 100", "XML"), +5),
    ("P7", ("ours", "page 20", "Siren"), ("ours", "page 20", "HAL"), -1.2),
    ("P7", ("naive", "page 20", "Siren"), ("ours", "page 20", "Siren"), +8),
]


def seed(installation, rows):
    """Fill the store with downloadables whose texts need escaping."""
    now = 1_700_000_000
    with installation.database.writing() as tx:
        items = [
            {
                "id": n,
                "store_id": 1,
                "uuid": str(UUID(int=n)),
                "item_category_id": 2,
                "revision": 1,
                "name": f'Song "{n}" & <live> 歌',
                "code": f"song-{n}",
                "price": n % 10_000 * 100,
                "description": f"The {n}th song, recorded at sea.",
                "release_notes": "",
                "is_archived": False,
                "is_published": True,
                "number_of_downloads": 0,
                "date_created": now + n * 60,
                "date_modified": now + n * 61,
            }
            for n in range(1, rows + 1)
        ]
        versions = [
            {
                "id": n,
                "downloadable_id": n,
                "number": 1,
                "blob_key": f"{n:032x}",
                "file_name": f"song {n}.mp3",
                "file_size": n * 1000,
                "file_type": "audio/mpeg",
                "file_sha256": f"{n:064x}",
                "upload_date": now + n * 59,
            }
            for n in range(1, rows + 1)
        ]
        files = [
            {
                "store_id": 1,
                "downloadable_id": n,
                "uuid": str(UUID(int=n)),
                "revision": 1,
                "position": MAIN,
                "version_id": n,
                "name": "",
                "title": "",
                "alt": "",
                "is_archived": False,
                "date_created": now,
                "date_modified": now,
            }
            for n in range(1, rows + 1)
        ]
        tx.connection.execute(DOWNLOADABLES.insert(), items)
        tx.connection.execute(VERSIONS.insert(), versions)
        tx.connection.execute(FILES.insert(), files)
        bump_collection(tx, 1, Collection.DOWNLOADABLES, added=rows)


def hello():
    app = Flask("hello")
    app.add_url_rule("/", view_func=lambda: "hello")
    return app


def request_of(app, path, headers, expected="200"):
    """Make a function that runs one request, without a test client's own costs."""
    path, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "localhost",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": None,
        "wsgi.errors": sys.stderr,
        **headers,
    }
    statuses = []

    def start_response(status, _headers, _error=None):
        statuses.append(status)

    def run():
        statuses.clear()
        iterable = app(dict(environ), start_response)
        body = b"".join(iterable)
        if hasattr(iterable, "close"):
            iterable.close()
        if not statuses[0].startswith(expected):
            raise RuntimeError(f"{path}: {statuses[0]} {body[:300]!r}")
        return len(body)

    return run


def etag_of(app, path, headers):
    names = {"HTTP_ACCEPT": "Accept", "HTTP_AUTHORIZATION": "Authorization"}
    sent = {names[name]: value for name, value in headers.items()}
    return app.test_client().get(path, headers=sent).headers["ETag"]


def cpu_per_call(run, calls):
    started = time.process_time()
    for _ in range(calls):
        run()
    return (time.process_time() - started) / calls


def cases(folder, rows, log):
    """Give what is measured: a name and a function."""
    provision(Settings(data_dir=folder)).close()
    app, keeping = (
        create_app(Settings(data_dir=folder, page_cache_size=size))
        for size in (0, 64 * 2**20)
    )
    for each in (app, keeping):
        each.extensions[access_log.EXTENSION] = log
    installation = app.extensions["sirenhall"]
    seed(installation, rows)
    token = installation.starter_token
    other = naive.create_app(installation.settings.database)
    found = {("hello", "", ""): request_of(hello(), "/", {})}
    for path_name, path in PATHS.items():
        for format_name, media_type in FORMATS.items():
            headers = {"HTTP_ACCEPT": media_type}
            ours = {**headers, "HTTP_AUTHORIZATION": f"Bearer {token}"}
            key = path_name, format_name
            found["ours", *key] = request_of(app, path, ours)
            found["naive", *key] = request_of(other, path, headers)
            if format_name != "HAL" or path_name == "one":
                continue
            found["kept", *key] = request_of(keeping, path, ours)
            for name, each, sent in (
                ("ours 304", app, ours),
                ("naive 304", other, headers),
            ):
                known = {**sent, "HTTP_IF_NONE_MATCH": etag_of(each, path, sent)}
                found[name, *key] = request_of(each, path, known, "304")
    return found


def measure(found, rounds):
    times = {key: [] for key in found}
    sizes = {key: run() for key, run in found.items()}
    calls = {}
    for key, run in found.items():
        once = max(cpu_per_call(run, 3), 1e-5)
        calls[key] = max(3, int(0.15 / once))
    for _ in range(rounds):
        for key, run in found.items():
            times[key].append(cpu_per_call(run, calls[key]))
    return {key: statistics.median(values) for key, values in times.items()}, sizes


def report(medians, sizes):
    print(f"{'':22}{'ours':>10}{'naive':>10}{'ratio':>8}{'bytes':>10}")
    for path_name in PATHS:
        for format_name in FORMATS:
            ours = medians["ours", path_name, format_name]
            theirs = medians["naive", path_name, format_name]
            size = sizes["ours", path_name, format_name]
            print(
                f"{path_name + ' ' + format_name:22}{ours * 1e6:>8.0f}µs"
                f"{theirs * 1e6:>8.0f}µs{theirs / ours:>8.1f}{size:>10}"
            )
    print(f"{'Flask hello':22}{medians['hello', '', ''] * 1e6:>8.0f}µs\n")
    missed = 0
    for name, upper, lower, bound in TARGETS:
        ratio = medians[upper] / medians[lower]
        is_met = ratio >= bound if bound > 0 else ratio <= -bound
        missed += not is_met
        sign = "≥" if bound > 0 else "≤"
        what = f"{' '.join(upper).strip()} ÷ {' '.join(lower).strip()}"
        verdict = "met" if is_met else "MISSED"
        print(f"{name}  {what:48}{ratio:>6.2f}  {sign} {abs(bound):<5}{verdict}")
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    with Path(os.devnull).open("w") as nowhere, tempfile.TemporaryDirectory() as folder:
        found = cases(Path(folder), arguments.rows, nowhere)
        missed = report(*measure(found, arguments.rounds))
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
