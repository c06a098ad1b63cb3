"""WP EasyCart's downloads, as its API lists them."""

from collections.abc import Mapping
from dataclasses import dataclass
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
from app.cli.transfer.sources.foreign_files import file_beside, missing_file
from app.errors import ConfigurationError
from schemas.dialects.easycart import EasyCartDownloadSchema
from schemas.downloadable import MAX_NAME

_SCHEMA = EasyCartDownloadSchema()


def item_of_download(
    folder: Path, where: str, download: Any, price: str | None
) -> ImportItem:
    """Return the item of a download. Raise `KeyError` if it is incomplete."""
    name = str(download.get("download_file_name") or "")
    code = f"easycart-{int(download['product_id'])}"
    title = Path(name.rpartition("/")[2]).stem[:MAX_NAME] or code
    defaults = {"name": title} | ({} if price is None else {"price": price})
    is_elsewhere = name.startswith(("http://", "https://"))
    file = None if is_elsewhere else file_beside(folder, name)
    product = ImportItem(where, {"code": code}, defaults, file)
    problems = []
    if not is_elsewhere and file is None:
        problems.append(missing_file(folder, name))
    counted = {"download_count": download.get("download_count") or 0}
    problems += [e.message for e in _SCHEMA.read(counted, partial=True)[1]]
    entry = EasyCartDownload(download, product)
    values = {"code": code}
    return ImportItem(where, values, file=file, entry=entry, problems=tuple(problems))


@dataclass(frozen=True, slots=True)
class EasyCartDownload(ForeignEntry):
    """A download of WP EasyCart: an order's, of a product that is made with it."""

    download: Mapping[str, Any]
    product: ImportItem

    def import_into(
        self, shop: StoreClient, item: ImportItem, progress: Progress, *, is_dry: bool
    ) -> str:
        """Grant it, unless it was granted."""
        known = shop.downloadables.get(item.code)
        if known is None:
            if "price" not in self.product.defaults:
                raise ConfigurationError(
                    f"product {self.download['product_id']} is not here: name a "
                    "--price, by which it can be made"
                )
            if is_dry:
                return CREATED
            known = shop.add(self.product.initial_values, self.product.file, progress)
        order = str(self.download.get("order_id") or "") or (
            f"easycart-{self.download['download_id']}"
        )
        address = href(shop.store, "fx:downloadable_purchases")
        there = shop.api.pages(
            href(known, "fx:downloadable_purchases"),
            "fx:downloadable_purchases",
            order_id=order,
        )
        if any(True for _ in there):
            return UNCHANGED
        if is_dry:
            return CREATED
        values = {"downloadable_uri": href(known, "self"), "order_id": order}
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
