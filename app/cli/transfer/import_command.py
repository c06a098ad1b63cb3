"""`sirenhall import`: create downloadables from a file, a folder or a table."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.command import (
    FAILED,
    data_dir_option,
    explaining,
    json_option,
    print_result,
    progress,
)
from app.cli.transfer.items import CREATED, REFUSED, UNCHANGED, UPDATED, ImportItem
from app.errors import ConfigurationError
from app.settings import TOKEN

if TYPE_CHECKING:
    from app.cli.client.store import StoreClient
    from app.cli.client.transport import Progress


def shop_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what names a store, here or at another server."""
    for option in (
        json_option,
        data_dir_option,
        click.option(
            "--token",
            metavar="TOKEN",
            help=f"A token of the store at --server; also {TOKEN}.",
        ),
        click.option(
            "--server",
            metavar="URL",
            help="A Sirenhall elsewhere, rather than the data folder.",
        ),
        click.option(
            "--store",
            "store_id",
            type=click.IntRange(1),
            metavar="ID",
            help="The store; not needed if there is only one, or with a store's token.",
        ),
    ):
        command = option(command)
    return command


@dataclass(slots=True)
class Report:
    """The results of an import: counts, and errors of items."""

    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys((CREATED, UPDATED, UNCHANGED, REFUSED), 0)
    )
    refusals: list[dict[str, str]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    stopped: str = ""
    """Why it ended before its end, if it did."""

    def add(self, item: ImportItem, outcome: str, reason: str = "") -> None:
        """Count an outcome."""
        self.counts[outcome] += 1
        if outcome == REFUSED:
            entry = {"where": item.where, "code": item.code, "reason": reason}
            self.refusals.append(entry)


@click.command(name="import")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--category",
    metavar="CODE",
    help="The item category of what is new; not needed if there is only one of "
    "downloads, or if the CSV names it.",
)
@click.option(
    "--price",
    metavar="AMOUNT",
    help="The price of what is new and has none.",
)
@click.option(
    "--dry-run", is_flag=True, help="Show what would be done, and change nothing."
)
@shop_options
@explaining
def import_(
    source: Path,
    category: str | None,
    price: str | None,
    dry_run: bool,
    store_id: int | None,
    server: str | None,
    token: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Put a file, a folder of files, or the entries of a list up for sale.

    Each file of a folder becomes a downloadable; its code is made from its path. Hidden
    files, system files, and links out of the folder are skipped and listed.

    The first line of a CSV holds the names of its columns, in any case: code, name,
    price, path (of the file, from the CSV's folder), category, and any other property
    of a downloadable. Fields are separated by commas, semicolons or tabs; with the
    latter two, prices may have a decimal comma. An empty cell changes nothing.

    A JSON file is a list as the API of SureCart (products, downloads), WP EasyCart
    (downloads) or Zid (products) answers it; the files that it names are taken from
    its folder.

    A downloadable that exists with the same code is updated, or skipped if nothing
    differs. So you can run an interrupted import again. Refused entries are listed
    with the reason, and the exit code is then 1.
    """
    from app.cli.client.api import api_at, store_at
    from app.cli.client.store import StoreClient
    from app.cli.client.transport import Unreachable
    from app.cli.transfer.items import with_codes
    from app.cli.transfer.sources.read import read_source

    if price is not None:
        _ensure_price(price)
    items = read_source(source, price)
    report = Report()
    with api_at(server, token, data_dir, store_id) as api:
        shop = StoreClient(api, store_at(api, store_id), category)
        # Codes come first: they say which items are known already.
        items = with_codes(items, shop.downloadables)
        is_needed = any(w.category is None and w.entry is None for w in items)
        # A wrong category is found now, not after an hour of uploads.
        if is_needed or category is not None:
            shop.category(category)
        size = sum(w.file.stat().st_size for w in items if w.file and not w.problems)
        with progress("Importing", size) as done:
            importing = Importing(shop, category, report, is_dry=dry_run)
            try:
                for item in items:
                    importing.import_item(item, done)
            # What was done stays done, and is reported; the next run goes on from
            # there.
            except Unreachable as error:
                report.stopped = f"{error}; run it again, it goes on"
            except KeyboardInterrupt:
                report.stopped = "interrupted; run it again, it goes on"
    _print_report(report, as_json=as_json, is_dry=dry_run)


def _ensure_price(price: str) -> None:
    from schemas.downloadable import DownloadableSchema

    _, errors = DownloadableSchema().read({"price": price}, partial=True)
    if errors:
        raise click.UsageError(f"--{errors[0].message}")


@dataclass(frozen=True, slots=True)
class Importing:
    """Takes one thing after the other into a store."""

    shop: "StoreClient"
    category: str | None
    report: Report
    is_dry: bool

    def import_item(self, item: ImportItem, progress: "Progress") -> None:
        """Create or update the downloadable, or report why that failed."""
        from app.cli.client.transport import Refused

        counted = _Counted(progress, item)
        try:
            if item.skipped:
                self.report.skipped.append(f"{item.where}: {item.skipped}")
                return
            problems = dict.fromkeys([*item.problems, *self._problems(item)])
            if problems:
                self.report.add(item, REFUSED, "; ".join(problems))
            else:
                self.report.add(item, self._take(item, counted))
        except (Refused, ConfigurationError) as error:
            self.report.add(item, REFUSED, str(error))
        counted.finish()

    def _problems(self, item: ImportItem) -> list[str]:
        """Return the problems that a dry run finds without asking the server."""
        own = self.shop.store["currency"]
        if item.currency not in {"", own}:
            text = f"its price is in {item.currency}, and the store's are in {own}: "
            return [f"{text}name one with --price"]
        if item.entry is not None:
            return []
        from app.services.catalogue.prices import amount_problems
        from schemas.downloadable import DownloadableSchema

        is_new = item.code not in self.shop.downloadables
        values = {**(item.defaults if is_new else {}), **item.values}
        # Any valid id: which category it will be is decided by the server.
        values["item_category_id"] = "1"
        read, errors = DownloadableSchema().read(values, partial=not is_new)
        if "price" in read:
            errors += amount_problems("price", read["price"], own)
        return [error.message for error in errors]

    def _take(self, item: ImportItem, progress: "Progress") -> str:
        if item.entry is not None:
            return item.entry.import_into(self.shop, item, progress, is_dry=self.is_dry)
        known = self.shop.downloadables.get(item.code)
        # --category is for what is new; it moves nothing that is there.
        code = item.category or (None if known else self.category)
        values: dict[str, Any] = dict(item.values)
        if known is None:
            values = item.initial_values
        if code is not None or known is None:
            values["item_category_uri"] = self.shop.category(code)
        if known is None:
            if not self.is_dry:
                self.shop.create(values, item.file, progress)
            return CREATED
        changes = {name: v for name, v in values.items() if _differs(known, name, v)}
        file = item.file if _is_new_file(known, item.file) else None
        if not changes and file is None:
            return UNCHANGED
        if not self.is_dry:
            self.shop.change(known, changes, file, progress)
        return UPDATED


class _Counted:
    """Counts a file's bytes, so that what was skipped counts as done, too."""

    def __init__(self, progress: "Progress", item: ImportItem) -> None:
        self._progress = progress
        is_read = item.file is not None and not item.problems
        self._left = item.file.stat().st_size if item.file and is_read else 0

    def __call__(self, size: int) -> None:
        self._left -= size
        self._progress(size)

    def finish(self) -> None:
        """Count the rest."""
        self._progress(self._left)


def _differs(known: Mapping[str, Any], name: str, value: Any) -> bool:
    """Compare what was written in a CSV with what the server shows."""
    from schemas.downloadable import DownloadableSchema

    if name == "item_category_uri":
        return bool(known[name] != value)
    read = DownloadableSchema().read
    wanted, _ = read({name: value}, partial=True)
    there, _ = read({name: known[name]}, partial=True)
    return bool(wanted != there)


def _is_new_file(known: Mapping[str, Any], file: Path | None) -> bool:
    from app.cli.client.store import sha256_of

    if file is None:
        return False
    # Comparing sizes first saves reading most changed files.
    if known["file_size"] != file.stat().st_size:
        return True
    return bool(known["file_sha256"] != sha256_of(file))


def _print_report(report: Report, *, as_json: bool, is_dry: bool) -> None:
    counts = report.counts
    words = ", ".join(f"{number:,} {name}" for name, number in counts.items())
    lines = [
        f"{entry['where']}: {entry['code'] or '(no code)'}: {entry['reason']}"
        for entry in report.refusals
    ]
    lines += [f"skipped: {words}" for words in report.skipped]
    lines.append(f"Dry run, nothing was changed: {words}." if is_dry else f"{words}.")
    if report.stopped:
        lines.append(f"Stopped: {report.stopped}.")
    result = {
        **counts,
        "refusals": report.refusals,
        "skipped": report.skipped,
        "stopped": report.stopped,
        "dry_run": is_dry,
    }
    print_result(result, "\n".join(lines), as_json=as_json)
    if report.refusals or report.stopped:
        sys.exit(FAILED)
