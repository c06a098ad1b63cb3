"""Lists as other systems' APIs answer them: SureCart's, WP EasyCart's and Zid's.

An entry is brought in by our own dialect of the system it comes from, so that what it
means is said there alone. A list names files and does not have them: those that lie
beside it, by their names, are uploaded.
"""

import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.cli.client.api import href
from app.cli.client.store import Shop
from app.cli.client.transport import Progress
from app.cli.transfer.codes import LONGEST_CODE
from app.cli.transfer.items import LONGEST_NAME, Entry, Ware
from app.errors import ConfigurationError
from schemas.dialects.easycart import EasyCartDownloadSchema
from schemas.dialects.zid import Fixed, ZidProductSchema
from schemas.values.normalization import nfc

CREATED, UPDATED, UNCHANGED = "created", "updated", "unchanged"
_ZID, _EASYCART = ZidProductSchema(), EasyCartDownloadSchema()


def read(path: Path, price: str | None) -> Iterator[Ware]:
    """Read a list. Raises `ConfigurationError` where it is none of a known system."""
    try:
        text = nfc(path.read_text(encoding="utf-8-sig"))
        document = json.loads(text, parse_float=Decimal)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{path} is no JSON in UTF-8: {error}") from error
    entries, kind = _entries(document)
    if kind is None or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigurationError(
            f"{path} is no list that is known: SureCart's (products or downloads), "
            "WP EasyCart's (downloads) or Zid's (products), as their APIs answer it"
        )
    for number, entry in enumerate(entries, 1):
        where = f"entry {number}"
        try:
            yield kind(path.parent, where, entry, price)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            text = f"it lacks what it should have: {error}"
            yield Ware(where, {}, problems=(text,))


def _entries(document: Any) -> tuple[list[Any], Any]:
    """Tell of which system a list is, by what its entries have."""
    found = document
    if isinstance(document, dict):
        found = document.get("data", document.get("results", [document]))
    if not isinstance(found, list) or not found or not isinstance(found[0], dict):
        return [], None
    first = found[0]
    if "download_id" in first:
        return found, _of_easycart
    if "product_class" in first:
        return found, _of_zid
    kinds = {"product": _of_surecart_product, "download": _of_surecart_download}
    return found, kinds.get(str(first.get("object")))


def _beside(folder: Path, name: Any) -> Path | None:
    """Give the file of a name that lies in a folder; no path is followed."""
    if not isinstance(name, str) or Path(name).name != name:
        return None
    # macOS stores names in NFD.
    for path in (folder / name, folder / unicodedata.normalize("NFD", name)):
        if path.is_file() and not path.is_symlink():
            return path
    return None


# -- Zid -----------------------------------------------------------------------------


def _of_zid(_folder: Path, where: str, product: Any, _price: str | None) -> Ware:
    if product["product_class"] != "downloadable":
        words = f"a product of the class {product['product_class'] or 'standard'}"
        return Ware(where, {}, skipped=words)
    code = {"code": str(product["sku"])} if product.get("sku") else {}
    return Ware(where, code, entry=ZidProduct(product))


@dataclass(frozen=True, slots=True)
class ZidProduct(Entry):
    """A product of Zid, with its languages and its offer."""

    product: Mapping[str, Any]

    def take(self, shop: Shop, ware: Ware, progress: Progress, *, is_dry: bool) -> str:  # noqa: ARG002
        """Create it, or bring it up to date; its id stays what it was there."""
        address = f"{shop.api.url.rstrip('/')}/zid/v1/products/"
        sent = self._sent()
        known = _by_uuid(shop, str(self.product.get("id"))) or (
            shop.downloadables.get(ware.code) if ware.code else None
        )
        if known is None:
            if not is_dry:
                made = shop.api.send("POST", address, sent)
                self._keep(shop, str(made["id"]))
            return CREATED
        address += f"{known['uuid']}/"
        there = shop.api.get(address)
        changes = {n: v for n, v in sent.items() if not _is_there(v, there.get(n))}
        if changes and not is_dry:
            shop.api.send("PATCH", address, changes)
        if known["uuid"] != self.product.get("id") and not is_dry:
            # It broke off before that was done.
            self._keep(shop, known["uuid"])
        return UPDATED if changes else UNCHANGED

    def _sent(self) -> dict[str, Any]:
        """Leave out what only is answered, and what no downloadable has."""
        settable = {
            name
            for name, field in _ZID.writable.items()
            if not isinstance(field, Fixed)
        }
        return {
            name: _plain(value)
            for name, value in self.product.items()
            # Without one, it is given one.
            if name in settable and not (name == "sku" and not value)
        }

    def _keep(self, shop: Shop, made: str) -> None:
        """Let it have the id it had, and the category that was named."""
        changes: dict[str, Any] = {}
        if self.product.get("id"):
            changes["uuid"] = self.product["id"]
        if shop.usual is not None:
            changes["item_category_uri"] = shop.category(shop.usual)
        listed = shop.api.pages(
            href(shop.store, "fx:downloadables"), "fx:downloadables", uuid=made
        )
        for item in listed if changes else ():
            shop.api.send("PATCH", href(item, "self"), changes)


def _is_there(wanted: Any, there: Any) -> bool:
    """Tell whether what is wanted is there, perhaps with more languages."""
    if isinstance(wanted, str) and isinstance(there, dict):
        # As a customer reads it: one language of several.
        return wanted in there.values()
    if isinstance(wanted, dict) and isinstance(there, dict):
        return all(_is_there(value, there.get(name)) for name, value in wanted.items())
    if not wanted and not there and not isinstance(wanted, bool | int | Decimal):
        return True
    numbers = (int, float, Decimal)
    are_numbers = isinstance(wanted, numbers) and isinstance(there, numbers)
    if are_numbers and not isinstance(wanted, bool):
        return Decimal(str(wanted)) == Decimal(str(there))
    return bool(wanted == there)


def _plain(value: Any) -> Any:
    """Make what was read something that can be written as JSON."""
    if isinstance(value, dict):
        return {name: _plain(inside) for name, inside in value.items()}
    if isinstance(value, list):
        return [_plain(inside) for inside in value]
    return float(value) if isinstance(value, Decimal) else value


# -- SureCart ------------------------------------------------------------------------


def _of_surecart_product(
    _folder: Path, where: str, product: Any, price: str | None
) -> Ware:
    values = {
        "code": str(product.get("sku") or product.get("slug") or product["id"])[
            :LONGEST_CODE
        ],
        "name": str(product["name"])[:LONGEST_NAME],
        "description": str(product.get("description") or ""),
        "is_archived": "true" if product.get("archived") else "false",
        "is_published": "false" if product.get("status") == "draft" else "true",
    }
    defaults = {"uuid": str(product["id"])}
    metrics = product.get("metrics") or {}
    amount, currency = metrics.get("min_price_amount"), metrics.get("currency")
    if price is not None:
        defaults["price"] = price
    elif amount != metrics.get("max_price_amount", amount):
        text = "it has several prices, and here is one: name it with --price"
        return Ware(where, values, problems=(text,))
    elif amount is not None:
        values["price"] = _money(amount, str(currency or "usd"))
        return Ware(where, values, defaults, currency=str(currency or "").upper())
    return Ware(where, values, defaults)


def _money(amount: Any, currency: str) -> str:
    from app.services.reference_data import currency_digits

    return str(Decimal(amount).scaleb(-currency_digits(currency.upper())))


def _of_surecart_download(
    folder: Path, where: str, download: Any, price: str | None
) -> Ware:
    product, media = download["product"], download.get("media")
    ware = None
    if isinstance(product, dict):
        ware = _of_surecart_product(folder, where, product, price)
        product = product["id"]
    name = media["filename"] if isinstance(media, dict) else None
    file = None if download.get("url") else _beside(folder, name)
    problems: tuple[str, ...] = ()
    if not download.get("url") and file is None:
        problems = (
            (_lacking(folder, name),)
            if name
            else (
                f"it does not name its file, media {media}: list with expand[]=media",
            )
        )
    if ware and ware.problems:
        problems += ware.problems
    entry = SureCartDownload(download, str(product), ware)
    code = ware.code if ware else str(product)
    currency = ware.currency if ware else ""
    return Ware(where, {"code": code}, {}, file, None, problems, "", entry, currency)


def _lacking(folder: Path, name: str) -> str:
    return f"its file {name} is not in {folder.resolve()}; put it there, and run again"


@dataclass(frozen=True, slots=True)
class SureCartDownload(Entry):
    """A download of SureCart, perhaps with the product that it is of."""

    download: Mapping[str, Any]
    product: str
    ware: Ware | None

    def take(self, shop: Shop, ware: Ware, progress: Progress, *, is_dry: bool) -> str:
        """Add it to its product, unless it is there."""
        item = _by_uuid(shop, self.product)
        if item is None and self.ware is None:
            raise ConfigurationError(
                f"its product {self.product} is not here: import the list of products "
                "first, or one with expand[]=product"
            )
        if item is None and self.ware is not None:
            if is_dry:
                return CREATED
            item = shop.add(self.ware)
        there = (
            file["uuid"]
            for archived in ("false", "true")
            for file in shop.api.pages(
                href(item or {}, "fx:files"), "fx:files", is_archived=archived
            )
        )
        if self.download["id"] in there:
            return UNCHANGED
        if not is_dry:
            values = {
                name: self.download[name]
                for name in ("name", "title", "alt", "url")
                if self.download.get(name)
            }
            values["uuid"] = self.download["id"]
            values["is_archived"] = bool(self.download.get("archived"))
            shop.attach(item or {}, values, ware.file, progress)
        return CREATED


def _by_uuid(shop: Shop, uuid: str) -> dict[str, Any] | None:
    found = (one for one in shop.downloadables.values() if one["uuid"] == uuid)
    return next(found, None)


# -- WP EasyCart ---------------------------------------------------------------------


def _of_easycart(folder: Path, where: str, download: Any, price: str | None) -> Ware:
    name = str(download.get("download_file_name") or "")
    code = f"easycart-{int(download['product_id'])}"
    title = Path(name.rpartition("/")[2]).stem[:LONGEST_NAME] or code
    defaults = {"name": title} | ({} if price is None else {"price": price})
    is_elsewhere = name.startswith(("http://", "https://"))
    file = None if is_elsewhere else _beside(folder, name)
    product = Ware(where, {"code": code}, defaults, file)
    problems = []
    if not is_elsewhere and file is None:
        problems.append(_lacking(folder, name))
    counted = {"download_count": download.get("download_count") or 0}
    problems += [e.message for e in _EASYCART.read(counted, partial=True)[1]]
    entry = EasyCartDownload(download, product)
    values = {"code": code}
    return Ware(where, values, file=file, entry=entry, problems=tuple(problems))


@dataclass(frozen=True, slots=True)
class EasyCartDownload(Entry):
    """A download of WP EasyCart: an order's, of a product that is made with it."""

    download: Mapping[str, Any]
    product: Ware

    def take(self, shop: Shop, ware: Ware, progress: Progress, *, is_dry: bool) -> str:
        """Grant it, unless it was granted."""
        item = shop.downloadables.get(ware.code)
        if item is None:
            if "price" not in self.product.defaults:
                raise ConfigurationError(
                    f"product {self.download['product_id']} is not here: name a "
                    "--price, by which it can be made"
                )
            if is_dry:
                return CREATED
            item = shop.add(self.product, progress)
        order = str(self.download.get("order_id") or "") or (
            f"easycart-{self.download['download_id']}"
        )
        address = href(shop.store, "fx:downloadable_purchases")
        there = shop.api.pages(
            href(item, "fx:downloadable_purchases"),
            "fx:downloadable_purchases",
            order_id=order,
        )
        if any(True for _ in there):
            return UNCHANGED
        if is_dry:
            return CREATED
        values = {"downloadable_uri": href(item, "self"), "order_id": order}
        name = str(self.download.get("download_file_name") or "")
        if name.startswith(("http://", "https://")):
            values["url"] = name
        made = shop.api.send("POST", address, values)
        count = int(self.download.get("download_count") or 0)
        if count:
            number = href(made, "self").rpartition("/")[2]
            url = f"{shop.api.url.rstrip('/')}/easycart/downloads/{number}"
            shop.api.send("PATCH", url, {"download_count": count})
        return CREATED
