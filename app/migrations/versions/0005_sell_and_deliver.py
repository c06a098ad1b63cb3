"""Keep what customers bought, each download, and what there is to say of a version."""

import sqlalchemy as sa
from alembic import op

from app.migrations.frozen import ID, text

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

COUNTED = ('downloadable_purchases', 'downloads')


def upgrade() -> None:
    op.create_table('downloadable_purchases',
    sa.Column('id', ID, nullable=False),
    sa.Column('store_id', ID, nullable=False),
    sa.Column('downloadable_id', ID, nullable=False),
    sa.Column('version_id', ID, nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('order_id', text(100), nullable=True),
    sa.Column('customer_id', text(100), nullable=False),
    sa.Column('customer_email', text(300), nullable=False),
    sa.Column('quantity', sa.Integer(), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=True),
    sa.Column('max_downloads', sa.Integer(), nullable=True),
    sa.Column('download_window_hours', sa.Integer(), nullable=True),
    sa.Column('number_of_downloads', sa.Integer(), nullable=False),
    sa.Column('first_download_time', sa.BigInteger(), nullable=True),
    sa.Column('download_passcode', text(64), nullable=False),
    sa.Column('search_text', text(), server_default='', nullable=False),
    sa.Column('date_counted', sa.BigInteger(), nullable=True),
    sa.Column('date_created', sa.BigInteger(), nullable=False),
    sa.Column('date_modified', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['downloadable_id'], ['downloadables.id'], name=op.f('fk_downloadable_purchases_downloadable_id')),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_downloadable_purchases_store_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['version_id'], ['versions.id'], name=op.f('fk_downloadable_purchases_version_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_downloadable_purchases')),
    sa.UniqueConstraint('download_passcode', name=op.f('uq_downloadable_purchases_download_passcode')),
    sa.UniqueConstraint('store_id', 'order_id', 'downloadable_id', name=op.f('uq_downloadable_purchases_store_id_order_id_downloadable_id')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_downloadable_purchases_downloadable_id'), 'downloadable_purchases', ['downloadable_id'])
    op.create_index(op.f('ix_downloadable_purchases_store_id_id'), 'downloadable_purchases', ['store_id', 'id'])
    op.create_index(op.f('ix_downloadable_purchases_version_id'), 'downloadable_purchases', ['version_id'])
    op.create_table('downloads',
    sa.Column('id', ID, nullable=False),
    sa.Column('store_id', ID, nullable=False),
    sa.Column('downloadable_purchase_id', ID, nullable=False),
    sa.Column('downloadable_id', ID, nullable=False),
    sa.Column('file_key', ID, nullable=False),
    sa.Column('version', sa.Integer(), nullable=True),
    sa.Column('file_name', text(255), nullable=True),
    sa.Column('file_size', sa.BigInteger(), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('open_until', sa.BigInteger(), nullable=False),
    sa.Column('bytes_sent', sa.BigInteger(), nullable=False),
    sa.Column('outcome', text(20), nullable=False),
    sa.Column('address', text(45), nullable=False),
    sa.Column('user_agent', text(300), nullable=False),
    sa.Column('date_created', sa.BigInteger(), nullable=False),
    sa.Column('date_modified', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['downloadable_id'], ['downloadables.id'], name=op.f('fk_downloads_downloadable_id')),
    sa.ForeignKeyConstraint(['downloadable_purchase_id'], ['downloadable_purchases.id'], name=op.f('fk_downloads_downloadable_purchase_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_downloads_store_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_downloads')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_downloads_downloadable_id_id'), 'downloads', ['downloadable_id', 'id'])
    op.create_index(op.f('ix_downloads_downloadable_purchase_id_file_key_open_until'), 'downloads', ['downloadable_purchase_id', 'file_key', 'open_until'])
    op.create_index(op.f('ix_downloads_store_id_id'), 'downloads', ['store_id', 'id'])
    op.create_table('upload_slots',
    sa.Column('id', ID, nullable=False),
    sa.Column('digest', text(64), nullable=False),
    sa.Column('downloadable_id', ID, nullable=False),
    sa.Column('file_name', text(255), nullable=True),
    sa.Column('file_type', text(127), nullable=True),
    sa.Column('partial_key', text(64), nullable=True),
    sa.Column('length', sa.BigInteger(), nullable=True),
    sa.Column('offset', sa.BigInteger(), nullable=False),
    sa.Column('date_expires', sa.BigInteger(), nullable=False),
    sa.Column('date_finished', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['downloadable_id'], ['downloadables.id'], name=op.f('fk_upload_slots_downloadable_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_upload_slots')),
    sa.UniqueConstraint('digest', name=op.f('uq_upload_slots_digest')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_upload_slots_date_expires'), 'upload_slots', ['date_expires'])
    op.add_column('downloadables', sa.Column('date_counted', sa.BigInteger(), nullable=True))
    op.add_column('versions', sa.Column('store_id', ID, server_default='0', nullable=False))
    op.add_column('versions', sa.Column('revision', sa.Integer(), server_default='1', nullable=False))
    op.add_column('versions', sa.Column('release_notes', text(), server_default='', nullable=False))
    op.add_column('versions', sa.Column('date_modified', sa.BigInteger(), server_default='0', nullable=False))
    op.execute(
        'UPDATE versions SET date_modified = upload_date, store_id = (SELECT store_id '
        'FROM downloadables WHERE downloadables.id = versions.downloadable_id)'
    )
    op.execute(
        'UPDATE versions SET release_notes = (SELECT release_notes FROM downloadables '
        'WHERE downloadables.id = versions.downloadable_id) WHERE id IN '
        '(SELECT version_id FROM downloadables)'
    )
    for collection in COUNTED:
        op.execute(
            'INSERT INTO collection_states (store_id, collection, total, version) '
            f"SELECT id, '{collection}', 0, 1 FROM stores"
        )


def downgrade() -> None:
    op.execute(
        "DELETE FROM collection_states WHERE collection IN "
        "('downloadable_purchases', 'downloads')"
    )
    for column in ('date_modified', 'release_notes', 'revision', 'store_id'):
        op.drop_column('versions', column)
    op.drop_column('downloadables', 'date_counted')
    op.drop_table('upload_slots')
    op.drop_table('downloads')
    op.drop_table('downloadable_purchases')
