"""Zid's products, as its API lists them."""

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
    UPDATED,
    ForeignEntry,
    ImportItem,
)
from app.cli.transfer.sources.foreign_files import find_by_uuid
from schemas.dialects.zid import Fixed, ZidProductSchema

_SCHEMA = ZidProductSchema()


def item_of_product(
    _folder: Path, where: str, product: Any, _price: str | None
) -> ImportItem:
    """Return the item of a product. Raise `KeyError` if it is incomplete."""
    if product["product_class"] != "downloadable":
        words = f"a product of the class {product['product_class'] or 'standard'}"
        return ImportItem(where, {}, skipped=words)
    code = {"code": str(product["sku"])} if product.get("sku") else {}
    return ImportItem(where, code, entry=ZidProduct(product))


@dataclass(frozen=True, slots=True)
class ZidProduct(ForeignEntry):
    """A product of Zid, with its languages and its offer."""

    product: Mapping[str, Any]

    def import_into(
        self,
        shop: StoreClient,
        item: ImportItem,
        progress: Progress,  # noqa: ARG002 - it has no file
        *,
        is_dry: bool,
    ) -> str:
        """Create or update the product; it keeps the id that it has in Zid."""
        address = f"{shop.api.url.rstrip('/')}/zid/v1/products/"
        sent = self._product_values()
        known = find_by_uuid(shop, str(self.product.get("id"))) or (
            shop.downloadables.get(item.code) if item.code else None
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

    def _product_values(self) -> dict[str, Any]:
        """Return the values of a product that Zid's API accepts."""
        settable = {
            name
            for name, field in _SCHEMA.writable.items()
            if not isinstance(field, Fixed)
        }
        return {
            name: _plain(value)
            for name, value in self.product.items()
            # Without one, it is given one.
            if name in settable and not (name == "sku" and not value)
        }

    def _keep(self, shop: StoreClient, made: str) -> None:
        """Set its former id, and the category that was named."""
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
    """Return whether a value equals the stored one, ignoring other languages."""
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
    """Return a value in a type that JSON has."""
    if isinstance(value, dict):
        return {name: _plain(inside) for name, inside in value.items()}
    if isinstance(value, list):
        return [_plain(inside) for inside in value]
    return float(value) if isinstance(value, Decimal) else value
