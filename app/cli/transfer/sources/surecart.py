"""SureCart's products and downloads, as its API lists them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.cli.client.api import href
from app.cli.client.store import StoreClient
from app.cli.client.transport import Progress
from app.cli.transfer.items import (
    CREATED,
    UNCHANGED,
    ForeignEntry,
    ImportItem,
)
from app.cli.transfer.sources.foreign_files import (
    file_beside,
    find_by_uuid,
    missing_file,
)
from app.errors import ConfigurationError
from schemas.downloadable import MAX_CODE, MAX_NAME


def item_of_product(
    _folder: Path, where: str, product: Any, price: str | None
) -> ImportItem:
    """Return the item of a product. Raise `KeyError` if it is incomplete."""
    values = {
        "code": str(product.get("sku") or product.get("slug") or product["id"])[
            :MAX_CODE
        ],
        "name": str(product["name"])[:MAX_NAME],
        "description": str(product.get("description") or ""),
        "is_archived": "true" if product.get("archived") else "false",
        "is_published": "false" if product.get("status") == "draft" else "true",
    }
    defaults = {"uuid": str(product["id"])}
    metrics = product.get("metrics") or {}
    amount, currency = metrics.get("min_price_amount"), metrics.get("currency")
    if price is not None:
        defaults["price"] = price
    # SureCart prices are apart from products; several of them have no single one here.
    elif amount != metrics.get("max_price_amount", amount):
        text = "it has several prices, and here is one: name it with --price"
        return ImportItem(where, values, problems=(text,))
    elif amount is not None:
        values["price"] = _money(amount, str(currency or "usd"))
        return ImportItem(where, values, defaults, currency=str(currency or "").upper())
    return ImportItem(where, values, defaults)


def _money(amount: Any, currency: str) -> str:
    from app.services.reference_data import currency_digits

    return str(Decimal(amount).scaleb(-currency_digits(currency.upper())))


def item_of_download(
    folder: Path, where: str, download: Any, price: str | None
) -> ImportItem:
    """Return the item of a download. Raise `KeyError` if it is incomplete."""
    product, media = download["product"], download.get("media")
    item = None
    if isinstance(product, dict):
        item = item_of_product(folder, where, product, price)
        product = product["id"]
    name = media["filename"] if isinstance(media, dict) else None
    file = None if download.get("url") else file_beside(folder, name)
    problems: tuple[str, ...] = ()
    if not download.get("url") and file is None:
        problems = (
            (missing_file(folder, name),)
            if name
            else (
                f"it does not name its file, media {media}: list with expand[]=media",
            )
        )
    if item and item.problems:
        problems += item.problems
    entry = SureCartDownload(download, str(product), item)
    code = item.code if item else str(product)
    currency = item.currency if item else ""
    return ImportItem(
        where, {"code": code}, {}, file, None, problems, "", entry, currency
    )


@dataclass(frozen=True, slots=True)
class SureCartDownload(ForeignEntry):
    """A download of SureCart, perhaps with the product that it is of."""

    download: Mapping[str, Any]
    product: str
    item: ImportItem | None

    def import_into(
        self, shop: StoreClient, item: ImportItem, progress: Progress, *, is_dry: bool
    ) -> str:
        """Add it to its product, unless it is there."""
        known = find_by_uuid(shop, self.product)
        if known is None and self.item is None:
            raise ConfigurationError(
                f"its product {self.product} is not here: import the list of products "
                "first, or one with expand[]=product"
            )
        if known is None and self.item is not None:
            if is_dry:
                return CREATED
            known = shop.add(self.item.initial_values, self.item.file)
        there = (
            file["uuid"]
            for archived in ("false", "true")
            for file in shop.api.pages(
                href(known or {}, "fx:files"), "fx:files", is_archived=archived
            )
        )
        # The uuid is kept, so that a second run finds it.
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
            shop.attach(known or {}, values, item.file, progress)
        return CREATED
