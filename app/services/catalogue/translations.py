"""Translations of downloadables' texts.

Tested in `tests/resources/test_translations.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import bindparam, delete, select

from app.database import Row, RowStatement, Snapshot, Statement, Transaction
from app.errors import Conflict
from app.models import STORES, TRANSLATIONS
from app.services.catalogue import downloadables
from app.services.catalogue.downloadables import IN_LANGUAGE, TEXTS, store_language
from app.services.principal import Principal
from app.services.reference_data import likely_language
from app.services.rows import listing
from app.services.rows.changes import insert_row, update_row
from app.services.rows.localization import Localization
from app.services.rows.row_types import (
    DownloadableColumns,
    DownloadableRow,
    OfDownloadable,
    OfStore,
    TranslationRow,
)
from app.services.rows.tenancy import find_scoped

_T = TRANSLATIONS.c
SOURCE = listing.register_source(
    name="translation",
    table=TRANSLATIONS,
    columns=listing.shown_columns(TRANSLATIONS),
    joined=TRANSLATIONS,
    searched=None,
)
_BY_ID = RowStatement(
    TranslationRow,
    # What only one is asked for comes last: the columns of a page come first.
    SOURCE.rows()
    .add_columns(STORES.c.date_modified.label("store_modified"), _T.revision)
    .where(_T.id == bindparam("id")),
)
_WORDS = ("name", "description", "short_description", "seo_title", "seo_description")
_WORDS_OF = Statement(
    select(*(_T[name] for name in _WORDS)).where(_T.id == bindparam("id"))
)
OF_DOWNLOADABLE = listing.Listing(SOURCE, owner="downloadable_id")


def find_translation(
    db: Snapshot, principal: Principal, translation_id: int
) -> TranslationRow:
    """Return a translation of a store that the token may access. Raise `NotFound`."""
    return find_scoped(db, _BY_ID, principal, translation_id)


def translations_of(
    db: Snapshot, ids: Iterable[int]
) -> dict[int, dict[str, Mapping[str, Any]]]:
    """Return the translations of downloadables, by language in small letters."""
    keys = sorted(set(ids))
    found: dict[int, dict[str, Mapping[str, Any]]] = {key: {} for key in keys}
    if keys:
        most = len(keys) * MOST
        rows = listing.related_rows(
            db, "translation", "downloadable_id", keys, most=most
        )
        for row in rows:
            found[row["downloadable_id"]][row["language"].lower()] = row
    return found


MOST = 200
"""Languages that a downloadable can have."""


def create_translation(
    tx: Transaction, downloadable: OfStore, values: Mapping[str, Any]
) -> int:
    """Add a translation, and return its id. Raise `Conflict`."""
    # Another one may have come since it was looked up.
    current = downloadables.reload_downloadable(
        tx, downloadable["store_id"], downloadable["id"]
    )
    _ensure_free(tx, current, values["language"])
    if current["translation_count"] >= MOST:
        raise Conflict(f"a downloadable may have {MOST} translations at most")
    owner = {
        "store_id": downloadable["store_id"],
        "downloadable_id": downloadable["id"],
    }
    translation_id = insert_row(tx, TRANSLATIONS, {**values, **owner})
    downloadables.translations_changed(
        tx, downloadable["store_id"], downloadable["id"], added=1
    )
    return translation_id


def update_translation(
    tx: Transaction, record: OfDownloadable, values: Mapping[str, Any]
) -> None:
    """Change a translation. Raise `Conflict`."""
    if "language" in values:
        downloadable = downloadables.reload_downloadable(
            tx, record["store_id"], record["downloadable_id"]
        )
        language = values["language"]
        _ensure_free(tx, downloadable, language, translation_id=record["id"])
    update_row(tx, TRANSLATIONS, record, values)
    downloadables.translations_changed(
        tx, record["store_id"], record["downloadable_id"]
    )


def delete_translation(tx: Transaction, record: OfDownloadable) -> None:
    """Remove a translation."""
    tx.execute(delete(TRANSLATIONS).where(_T.id == record["id"]))
    downloadables.translations_changed(
        tx, record["store_id"], record["downloadable_id"], added=-1
    )


def put_translation(
    tx: Transaction,
    downloadable: OfStore,
    language: str,
    values: Mapping[str, Any],
    *,
    may_go: bool = False,
) -> None:
    """Set texts in a language, whether there were some or not.

    A translation that has none any more goes, if it `may_go`.
    """
    known = tx.value(IN_LANGUAGE, id=downloadable["id"], language=language.lower())
    if known is not None:
        record = OfDownloadable(
            id=known,
            store_id=downloadable["store_id"],
            downloadable_id=downloadable["id"],
        )
        update_translation(tx, record, values)
        if may_go and not any(tx.row(_WORDS_OF, id=known) or ()):
            delete_translation(tx, record)
        return
    if not any(values.values()):
        return
    empty = dict.fromkeys(_WORDS, "")
    create_translation(tx, downloadable, {**empty, "language": language, **values})


def _ensure_free(
    tx: Snapshot,
    downloadable: DownloadableRow,
    language: str,
    *,
    translation_id: int | None = None,
) -> None:
    own = downloadable["language"] or store_language(tx, downloadable["store_id"])
    if own.lower() == language.lower():
        raise Conflict.about(
            "language",
            f"{language} is the downloadable's own language: change its name and "
            "description instead",
        )
    taken = tx.value(IN_LANGUAGE, id=downloadable["id"], language=language.lower())
    if taken not in {None, translation_id}:
        raise Conflict.about(
            "language", f"there is a translation into {language} already: {taken}"
        )


# -- what is shown ------------------------------------------------------------------


def best_language(ranges: Sequence[str], known: Iterable[str], own: str) -> str:
    """Return the language that fits best; all are in small letters.

    Each range is looked up (RFC 4647, section 3.4), then taken as a prefix (section
    3.3.1): `pt` finds `pt-br`. If none fits, `pt-pt` finds `pt-br` too, which is
    closer than the `own` language.
    """
    available = {*known, own}
    for wanted in ranges:
        if wanted == "*":
            return own
        found = _longest_match(wanted, available) or _prefix_match(
            wanted, available, own
        )
        if found:
            return found
    for wanted in ranges:
        found = _prefix_match(wanted.partition("-")[0], available, own)
        if found:
            return found
    return own


def _longest_match(wanted: str, available: AbstractSet[str]) -> str | None:
    """Return the longest beginning of a range that is available.

    Its most likely script comes first: `zh-tw` finds `zh-hant` rather than `zh`.
    """
    if wanted in available:
        return wanted
    scripted = likely_language(wanted)
    while scripted.count("-"):
        if scripted in available:
            return scripted
        scripted = scripted.rpartition("-")[0]
    left = wanted
    while left:
        if left in available:
            return left
        left = left.rpartition("-")[0]
        # A single letter only begins what is gone.
        if left[-2:-1] == "-":
            left = left[:-2]
    return None


def _prefix_match(prefix: str, available: AbstractSet[str], own: str) -> str | None:
    """Return the language that begins with a range, the most likely of several."""
    found = sorted(name for name in available if name.startswith(f"{prefix}-"))
    if own in found:
        return own
    language, _, rest = likely_language(prefix).partition("-")
    script, _, territory = rest.rpartition("-")
    likely = (f"{language}-{territory}", f"{language}-{script}")
    return next((name for name in likely if name in found), next(iter(found), None))


def language_of_texts(
    db: Snapshot, record: DownloadableColumns, ranges: Sequence[str]
) -> str | None:
    """Return the language of the translation that is read, None for the own one."""
    if not record["translation_count"]:
        return None
    known = translations_of(db, [record["id"]])[record["id"]]
    own = (record["language"] or store_language(db, record["store_id"])).lower()
    language = best_language(ranges, known, own)
    return None if language == own else language


def localized(
    db: Snapshot, names: Sequence[str], rows: Sequence[Row], ranges: Sequence[str]
) -> tuple[list[Row], set[str]]:
    """Return rows with their texts in the best of the requested languages.

    Return the rows, and the languages (in small letters) that they are in now.
    """
    at = {name: names.index(name) for name in (*_NEEDED, *TEXTS)}
    translated = [row[at["id"]] for row in rows if row[at["translation_count"]]]
    if not translated:
        return list(rows), set()
    texts = translations_of(db, translated)
    store = store_language(db, rows[0][at["store_id"]])
    shown, used = [], set()
    for row in rows:
        known = texts.get(row[at["id"]], {})
        own = (row[at["language"]] or store).lower()
        language = best_language(ranges, known, own)
        used.add(language)
        if language == own:
            shown.append(row)
            continue
        local = list(row)
        for name in TEXTS:
            local[at[name]] = known[language][name] or local[at[name]]
        shown.append(local)
    return shown, used


_NEEDED = ("id", "store_id", "language", "translation_count")

LOCALIZATION = Localization(TEXTS, localized, language_of_texts, put_translation)
"""How downloadables are read and changed in the languages of their translations."""
