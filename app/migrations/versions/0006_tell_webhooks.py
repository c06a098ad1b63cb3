"""Keep what webhooks are to tell, and how it goes."""

import base64
import secrets

import sqlalchemy as sa
from alembic import op

from app.migrations.frozen import ID, text

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('webhook_deliveries',
    sa.Column('id', ID, nullable=False),
    sa.Column('store_id', ID, nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('webhook_id', text(40), nullable=False),
    sa.Column('event', text(60), nullable=False),
    sa.Column('payload', text(), nullable=False),
    sa.Column('state', text(20), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('next_attempt', sa.BigInteger(), nullable=True),
    sa.Column('url', text(300), nullable=False),
    sa.Column('response_status', sa.Integer(), nullable=True),
    sa.Column('error', text(300), nullable=False),
    sa.Column('date_created', sa.BigInteger(), nullable=False),
    sa.Column('date_modified', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_webhook_deliveries_store_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_deliveries')),
    sa.UniqueConstraint('webhook_id', name=op.f('uq_webhook_deliveries_webhook_id')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_webhook_deliveries_next_attempt'), 'webhook_deliveries', ['next_attempt'])
    op.create_index(op.f('ix_webhook_deliveries_store_id_id'), 'webhook_deliveries', ['store_id', 'id'])
    op.add_column('stores', sa.Column('webhook_failing_since', sa.BigInteger(), nullable=True))
    op.add_column('stores', sa.Column('webhook_disabled_since', sa.BigInteger(), nullable=True))
    op.add_column('stores', sa.Column('webhook_error', text(300), server_default='', nullable=False))
    op.execute(
        'INSERT INTO collection_states (store_id, collection, total, version) '
        "SELECT id, 'webhook_deliveries', 0, 1 FROM stores"
    )
    stores = sa.table('stores', sa.column('id'), sa.column('use_webhook'), sa.column('webhook_key'))
    # With an empty key anybody could sign.
    without = sa.select(stores.c.id).where(stores.c.use_webhook, stores.c.webhook_key == '')
    for store_id in op.get_bind().execute(without).scalars().all():
        key = 'whsec_' + base64.b64encode(secrets.token_bytes(32)).decode()
        op.execute(stores.update().where(stores.c.id == store_id).values(webhook_key=key))


def downgrade() -> None:
    op.execute("DELETE FROM collection_states WHERE collection = 'webhook_deliveries'")
    for column in ('webhook_error', 'webhook_disabled_since', 'webhook_failing_since'):
        op.drop_column('stores', column)
    op.drop_table('webhook_deliveries')
