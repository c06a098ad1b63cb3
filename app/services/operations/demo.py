"""A small catalogue with real files, made by the program: for a first look."""

import io
import math
import struct
import wave
import zipfile
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from app.services.catalogue import downloadables, item_categories
from app.services.operations.installation import Installation
from app.services.rows import listing
from app.storage import NewFile
from schemas.downloadable import DownloadableSchema
from schemas.item_category import DOWNLOADED, ItemCategorySchema

EPOCH = (2026, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Item:
    """A downloadable of the catalogue."""

    category: str
    code: str
    name: str
    price: str
    file_name: str
    file_type: str
    content: Callable[[], bytes]
    description: str


CATEGORIES = {
    "EBOOKS": ("E-books", 5, 168),
    "MUSIC": ("Music", 3, 672),
    "ART": ("Art", 0, 0),
}


def fill_demo_store(installation: Installation, store_id: int) -> int:
    """Fill a store that sells nothing yet; return the number of new downloadables."""
    with installation.database.reading() as db:
        page = downloadables.IN_STORE.page(
            db, store_id, listing.Selection(), limit=0, offset=0
        )
    if page.total:
        return 0
    with ExitStack() as stack:
        files = [_stored(installation, item, stack) for item in CATALOGUE]
        tx = stack.enter_context(installation.database.writing())
        categories = {}
        for code, (name, limit, hours) in CATEGORIES.items():
            found = item_categories.find_category_by_code(tx, store_id, code)
            categories[code] = found or item_categories.create_category(
                tx, store_id, _category(code, name, limit, hours)
            )
        for item, file in zip(CATALOGUE, files, strict=True):
            values = _downloadable(item, categories[item.category])
            downloadables.create_downloadable(tx, store_id, values, file)
    return len(CATALOGUE)


def _stored(installation: Installation, item: Item, stack: ExitStack) -> NewFile:
    writer = stack.enter_context(installation.storage.writer())
    writer.write(item.content())
    stack.enter_context(installation.removal.remove_unless_named(writer.key))
    return NewFile(item.file_name, item.file_type, writer.keep())


def _category(code: str, name: str, limit: int, hours: int) -> dict[str, Any]:
    values, _ = ItemCategorySchema().read(
        {
            "code": code,
            "name": name,
            "item_delivery_type": DOWNLOADED,
            "max_downloads_per_customer": limit,
            "max_downloads_time_period": hours,
        },
        partial=False,
    )
    return values


def _downloadable(item: Item, category_id: int) -> dict[str, Any]:
    values, _ = DownloadableSchema().read(
        {
            "item_category_id": category_id,
            "name": item.name,
            "code": item.code,
            "price": item.price,
            "description": item.description,
        },
        partial=False,
    )
    return values


def _pdf() -> bytes:
    """Create a one-page PDF."""
    text = b"BT /F1 28 Tf 72 720 Td (Knots for Night Watches) Tj ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
            b"/Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, offsets = io.BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for number, content in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%b\nendobj\n" % (number, content))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
    out.write(
        b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, start)
    )
    return out.getvalue()


def _chord(*frequencies: float) -> bytes:
    """Make two seconds of a chord that fades, as a WAV file."""
    rate, seconds = 22_050, 2
    samples = (
        sum(math.sin(2 * math.pi * f * n / rate) for f in frequencies)
        / len(frequencies)
        * (1 - n / (rate * seconds))
        for n in range(rate * seconds)
    )
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"".join(struct.pack("<h", int(s * 20_000)) for s in samples))
    return out.getvalue()


def _poster() -> bytes:
    """Create a PNG of a sea under an evening sky."""
    width, height = 320, 480
    rows = []
    for y in range(height):
        depth = y / height
        sea = depth > 0.6 + 0.01 * math.sin(y)
        color = (20, 60, 90) if sea else (250 - int(150 * depth), 140, 110)
        rows.append(b"\0" + bytes(color) * width)

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"".join(rows), 9))
        + chunk(b"IEND", b"")
    )


def _zip(**files: str) -> bytes:
    """Create an archive of texts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name.replace("_", "."), EPOCH), text)
    return out.getvalue()


CATALOGUE = (
    Item(
        "EBOOKS",
        "knots",
        "Knots for Night Watches",
        "12.50",
        "knots-for-night-watches.pdf",
        "application/pdf",
        _pdf,
        "Twelve knots one can tie in the dark.",
    ),
    Item(
        "EBOOKS",
        "tides",
        "The Tide Tables of Nowhere",
        "8",
        "tide-tables.zip",
        "application/zip",
        lambda: _zip(
            read_me="High water at noon.\n", tides_csv="hour,metres\n12,4.2\n"
        ),
        "A year of tides for a harbour that is on no map.",
    ),
    Item(
        "MUSIC",
        "foghorn",
        "Foghorn in G",
        "1.99",
        "foghorn-in-g.wav",
        "audio/wav",
        lambda: _chord(98.0, 147.0),
        "Two seconds, best heard from afar.",
    ),
    Item(
        "MUSIC",
        "sirens",
        "Sirens' Chord",
        "2.49",
        "sirens\u2019 chord.wav",
        "audio/wav",
        lambda: _chord(440.0, 554.4, 659.3),
        "Tie yourself to the mast first.",
    ),
    Item(
        "ART",
        "evening",
        "Evening at Sea (Poster)",
        "24",
        "evening-at-sea.png",
        "image/png",
        _poster,
        "A poster in two colours and some patience.",
    ),
)
