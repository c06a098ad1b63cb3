"""Sum downloads by day for whole stores and by month, for statistics of years."""

import sqlalchemy as sa
from alembic import op

from app.migrations.frozen import ID, text

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None

SUMS = ('downloads', 'purchases', 'completed', 'redirected', 'bytes_sent')


def sums() -> list[sa.Column[int]]:
    return [
        *(sa.Column(name, sa.Integer(), nullable=False) for name in SUMS[:-1]),
        sa.Column('bytes_sent', sa.BigInteger(), nullable=False),
    ]


def upgrade() -> None:
    op.create_table('store_days',
    sa.Column('store_id', ID, nullable=False),
    sa.Column('day', text(10), nullable=False),
    *sums(),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_store_days_store_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('store_id', 'day', name=op.f('pk_store_days'))
    )
    op.create_table('download_months',
    sa.Column('store_id', ID, nullable=False),
    sa.Column('month', text(7), nullable=False),
    sa.Column('downloadable_id', ID, nullable=False),
    *sums(),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_download_months_store_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('store_id', 'month', 'downloadable_id', name=op.f('pk_download_months'))
    )
    names = ', '.join(SUMS)
    found = ', '.join(f'SUM({name})' for name in SUMS)
    op.execute(
        f'INSERT INTO store_days (store_id, day, {names}) '
        f'SELECT store_id, day, {found} FROM download_days GROUP BY store_id, day'
    )
    op.execute(
        f'INSERT INTO download_months (store_id, month, downloadable_id, {names}) '
        f'SELECT store_id, SUBSTR(day, 1, 7), downloadable_id, {found} '
        'FROM download_days GROUP BY store_id, SUBSTR(day, 1, 7), downloadable_id'
    )


def downgrade() -> None:
    op.drop_table('download_months')
    op.drop_table('store_days')
