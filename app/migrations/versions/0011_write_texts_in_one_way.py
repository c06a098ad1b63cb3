"""Write texts in one way (NFC), fold searches as Unicode does, let webhook keys rotate."""

import logging
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from app.migrations.frozen import fold, nfc, text

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

BATCH = 1000
LOG = logging.getLogger('sirenhall')

TEXTS = {
    'stores': ('store_name', 'store_domain', 'store_email', 'postal_code', 'region'),
    'item_categories': (
        'code', 'name', 'discount_name', 'discount_details', 'admin_email'
    ),
    'downloadables': ('name', 'code', 'description', 'release_notes'),
    'versions': ('file_name', 'release_notes', 'title', 'alt'),
    'files': ('name', 'title', 'alt'),
    'attributes': ('name', 'value'),
    'offers': (
        'slug', 'short_description', 'keywords', 'seo_title', 'seo_description', 'barcode'
    ),
    'translations': (
        'name', 'description', 'short_description', 'seo_title', 'seo_description'
    ),
    'downloadable_purchases': ('order_id', 'customer_id', 'customer_email'),
    'upload_slots': ('file_name',),
}
"""The properties that are stored in NFC from now on."""

SEARCHED = ('stores', 'item_categories', 'downloadables', 'downloadable_purchases')


def upgrade() -> None:
    op.add_column('stores', sa.Column('webhook_old_keys', text(), server_default='', nullable=False))
    op.add_column('stores', sa.Column('webhook_paused_until', sa.BigInteger(), nullable=True))
    for name, columns in TEXTS.items():
        normalize(name, columns)
    for name in SEARCHED:
        fold_again(name)


def key_of(name: str) -> str:
    return 'downloadable_id' if name == 'offers' else 'id'


def rows(table: Any, key: str, columns: tuple[str, ...]) -> Iterator[Any]:
    """Yield the rows of a table in batches, in the order of their keys."""
    last = 0
    while True:
        wanted = sa.select(table.c[key].label('key'), *(table.c[name] for name in columns))
        page = op.get_bind().execute(
            wanted.where(table.c[key] > last).order_by(table.c[key]).limit(BATCH)
        ).mappings().all()
        yield from page
        if len(page) < BATCH:
            return
        last = page[-1]['key']


def normalize(name: str, columns: tuple[str, ...]) -> None:
    """Write texts in NFC; two that would then be one of a kind stay as they are."""
    connection, key = op.get_bind(), key_of(name)
    table = sa.table(name, sa.column(key), *map(sa.column, columns))
    for row in rows(table, key, columns):
        changed = {
            column: nfc(value)
            for column in columns
            if (value := row[column]) and not value.isascii() and nfc(value) != value
        }
        # Each by itself: a code or name that is unique may be there in the other form.
        for column, value in changed.items():
            change = table.update().where(table.c[key] == row['key'])
            try:
                with connection.begin_nested():
                    connection.execute(change.values({column: value}))
            except sa.exc.IntegrityError:
                LOG.warning(
                    '%s %s: its %s %a is that of another one, but for its composition '
                    '(NFD); filters do not find it until it is changed',
                    name, row['key'], column, row[column],
                )


def fold_again(name: str) -> None:
    """Fold what a search looks through as Unicode does: it was folded once."""
    table = sa.table(name, sa.column('id'), sa.column('search_text'))
    for row in rows(table, 'id', ('search_text',)):
        folded = fold(row['search_text'])
        if folded != row['search_text']:
            change = table.update().where(table.c.id == row['key'])
            op.get_bind().execute(change.values(search_text=folded))


def downgrade() -> None:
    op.drop_column('stores', 'webhook_paused_until')
    op.drop_column('stores', 'webhook_old_keys')
