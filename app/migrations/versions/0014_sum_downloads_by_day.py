"""Sum downloads by day, those of before too, so that no statistic counts them all."""

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from app.migrations.frozen import ID, text

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

BATCH = 5000


def upgrade() -> None:
    op.create_table('download_days',
    sa.Column('store_id', ID, nullable=False),
    sa.Column('day', text(10), nullable=False),
    sa.Column('downloadable_id', ID, nullable=False),
    sa.Column('downloads', sa.Integer(), nullable=False),
    sa.Column('purchases', sa.Integer(), nullable=False),
    sa.Column('completed', sa.Integer(), nullable=False),
    sa.Column('redirected', sa.Integer(), nullable=False),
    sa.Column('bytes_sent', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_download_days_store_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('store_id', 'day', 'downloadable_id', name=op.f('pk_download_days'))
    )
    op.create_index(op.f('ix_download_days_downloadable_id_day'), 'download_days', ['downloadable_id', 'day'])
    op.create_table('refusal_days',
    sa.Column('store_id', ID, nullable=False),
    sa.Column('day', text(10), nullable=False),
    sa.Column('downloadable_id', ID, nullable=False),
    sa.Column('reason', text(40), nullable=False),
    sa.Column('refusals', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_refusal_days_store_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('store_id', 'day', 'downloadable_id', 'reason', name=op.f('pk_refusal_days'))
    )
    fill()


def fill() -> None:
    """Sum the downloads that there are; the first of a purchase counts it."""
    connection = op.get_bind()
    stores = connection.execute(sa.text('SELECT id, timezone FROM stores')).all()
    zones = {store.id: store.timezone for store in stores}
    sums: dict[tuple[int, str, int], Counter[str]] = {}
    seen: set[int] = set()
    last = 0
    query = sa.text(
        'SELECT id, store_id, downloadable_id, downloadable_purchase_id, date_created, '
        'outcome, bytes_sent FROM downloads WHERE id > :last ORDER BY id LIMIT :most'
    )
    while rows := connection.execute(query, {'last': last, 'most': BATCH}).all():
        for row in rows:
            zone = ZoneInfo(zones.get(row.store_id) or 'UTC')
            day = datetime.fromtimestamp(row.date_created, zone).strftime('%Y-%m-%d')
            found = sums.setdefault((row.store_id, day, row.downloadable_id), Counter())
            found['downloads'] += 1
            found['purchases'] += row.downloadable_purchase_id not in seen
            found['completed'] += row.outcome == 'completed'
            found['redirected'] += row.outcome == 'redirected'
            found['bytes_sent'] += row.bytes_sent
            seen.add(row.downloadable_purchase_id)
        last = rows[-1].id
    names = ('downloads', 'purchases', 'completed', 'redirected', 'bytes_sent')
    table = sa.table('download_days', *map(sa.column, ('store_id', 'day', 'downloadable_id', *names)))
    values = [
        {'store_id': store, 'day': day, 'downloadable_id': item, **{n: found[n] for n in names}}
        for (store, day, item), found in sums.items()
    ]
    if values:
        op.bulk_insert(table, values)


def downgrade() -> None:
    op.drop_table('refusal_days')
    op.drop_table('download_days')
