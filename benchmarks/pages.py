"""Pages against HAL, and statistics over many downloads, in one run.

    python benchmarks/pages.py [--rows 10000] [--downloads 2000000] [--rounds 7]

Prints ratios of medians, and the time of a statistic, with the targets; exits with 1
where one is missed. A page has its menu, its forms and the choices of its fields.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import reads
from sqlalchemy import func, insert, select

from app import create_app
from app.http.middleware import access_log
from app.models import DOWNLOAD_DAYS, DOWNLOAD_MONTHS, STORE_DAYS
from app.services.operations.provisioning import provision
from app.services.sales.statistics import SUMS
from app.settings import Settings

FORMATS = {"HAL": "application/hal+json", "HTML": "text/html"}
PATHS = {
    "one": "/downloadables/5000",
    "page 20": "/stores/1/downloadables?limit=20&offset=200",
    "page 100": "/stores/1/downloadables?limit=100&offset=200",
}
MOST_RATIO = 3
MOST_MS = 100
"""Of every statistic: of thirty days, and of all days."""

DAYS = ITEMS = 1000
"""A thousand downloadables, each downloaded on each of a thousand days."""

_D = DOWNLOAD_DAYS.c
_MONTH = func.substr(_D.day, 1, 7)
GROUPS = ("day", "downloadable", "outcome")


def seed_downloads(installation, downloads):
    """Fill in the sums of as many downloads, evenly over days and downloadables."""
    today = datetime.now(UTC).date()
    each = max(1, downloads // (DAYS * ITEMS))
    days = min(DAYS, max(1, downloads // (ITEMS * each)))
    for start in range(0, days, 20):
        with installation.database.writing() as tx:
            tx.connection.execute(
                DOWNLOAD_DAYS.insert(),
                [
                    {
                        "store_id": 1,
                        "day": (today - timedelta(days=day)).isoformat(),
                        "downloadable_id": item,
                        "downloads": each,
                        "purchases": 1,
                        "completed": each,
                        "redirected": 0,
                        "bytes_sent": each * 1_000_000,
                    }
                    for day in range(start, min(start + 20, days))
                    for item in range(1, ITEMS + 1)
                ],
            )
    with installation.database.writing() as tx:
        for table, keys in (
            (STORE_DAYS, [_D.store_id, _D.day]),
            (DOWNLOAD_MONTHS, [_D.store_id, _MONTH, _D.downloadable_id]),
        ):
            sums = select(*keys, *(func.sum(_D[name]) for name in SUMS)).group_by(*keys)
            tx.connection.execute(insert(table).from_select(list(table.c), sums))
    return (today - timedelta(days=DAYS)).isoformat()


def cases(folder, rows, downloads, log):
    """Give what is measured: a name and a function."""
    provision(Settings(data_dir=folder)).close()
    app = create_app(Settings(data_dir=folder, page_cache_size=0))
    app.extensions[access_log.EXTENSION] = log
    installation = app.extensions["sirenhall"]
    reads.seed(installation, rows)
    first = seed_downloads(installation, downloads)
    token = {"HTTP_AUTHORIZATION": f"Bearer {installation.starter_token}"}
    found = {}
    for format_name, media_type in FORMATS.items():
        sent = {"HTTP_ACCEPT": media_type, **token}
        for name, path in PATHS.items():
            found[name, format_name] = reads.request_of(app, path, sent)
    sent = {"HTTP_ACCEPT": FORMATS["HAL"], **token}
    for group in GROUPS:
        path = f"/stores/1/statistics?group={group}"
        found[f"30 days by {group}", "HAL"] = reads.request_of(app, path, sent)
        path += f"&from={first}"
        found[f"all days by {group}", "HAL"] = reads.request_of(app, path, sent)
    sent = {"HTTP_ACCEPT": FORMATS["HTML"], **token}
    found["dashboard", "HTML"] = reads.request_of(app, "/stores/1", sent)
    return found


def measure(found, rounds):
    times = {key: [] for key in found}
    for _ in range(rounds):
        for key, run in found.items():
            started = time.perf_counter()
            run()
            times[key].append(time.perf_counter() - started)
    return {key: statistics.median(values) for key, values in times.items()}


def report(medians):
    missed = 0
    for name in PATHS:
        ratio = medians[name, "HTML"] / medians[name, "HAL"]
        is_met = name != "page 20" or ratio <= MOST_RATIO
        missed += not is_met
        verdict = "" if name != "page 20" else f"≤ {MOST_RATIO} " + _verdict(is_met)
        print(f"{name + ' HTML ÷ HAL':32}{ratio:>8.2f}  {verdict}")
    for (name, _), seconds in medians.items():
        if name in PATHS:
            continue
        is_bounded = name != "dashboard"
        is_met = not is_bounded or seconds * 1000 < MOST_MS
        missed += not is_met
        verdict = f"< {MOST_MS} " + _verdict(is_met) if is_bounded else ""
        print(f"{name:32}{seconds * 1000:>8.1f} ms  {verdict}")
    return missed


def _verdict(is_met):
    return "met" if is_met else "MISSED"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--downloads", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    with Path(os.devnull).open("w") as nowhere, tempfile.TemporaryDirectory() as folder:
        found = cases(Path(folder), arguments.rows, arguments.downloads, nowhere)
        missed = report(measure(found, arguments.rounds))
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
