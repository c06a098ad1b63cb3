"""Let a downloadable have several files, and a store a library of them."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

from app.migrations.frozen import ID, text

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

SQLITE_UUID = (
    "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || "
    "substr(hex(randomblob(2)), 2) || '-' || substr('89AB', 1 + abs(random() % 4), 1) || "
    "substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))"
)
VERSIONS_OF_BEFORE = (
    'id, downloadable_id, store_id, revision, number, blob_key, file_name, file_size, '
    'file_type, file_sha256, release_notes, upload_date, date_modified'
)
SLOTS_OF_BEFORE = (
    'id, digest, downloadable_id, file_name, file_type, partial_key, length, "offset", '
    'date_expires, date_finished'
)


def is_sqlite() -> bool:
    return op.get_bind().dialect.name == 'sqlite'


def upgrade() -> None:
    uuid = SQLITE_UUID if is_sqlite() else 'gen_random_uuid()::text'
    op.add_column('downloadables', sa.Column('uuid', text(36), server_default='', nullable=False))
    op.execute(f'UPDATE downloadables SET uuid = {uuid}')
    op.create_index(op.f('ix_downloadables_store_id_uuid'), 'downloadables', ['store_id', 'uuid'], unique=True)
    op.add_column('downloadables', sa.Column('date_archived', sa.BigInteger(), nullable=True))
    op.execute('UPDATE downloadables SET date_archived = date_modified WHERE is_archived')
    if is_sqlite():
        remake('versions', VERSIONS_OF_BEFORE, lambda: create_versions(nullable=True))
    else:
        op.alter_column('versions', 'downloadable_id', nullable=True)
        op.execute('ALTER TABLE versions DROP CONSTRAINT IF EXISTS uq_versions_blob_key')
    op.add_column('versions', sa.Column('title', text(300), server_default='', nullable=False))
    op.add_column('versions', sa.Column('alt', text(300), server_default='', nullable=False))
    op.create_index(op.f('ix_versions_blob_key'), 'versions', ['blob_key'])
    op.create_index(op.f('ix_versions_store_id_downloadable_id'), 'versions', ['store_id', 'downloadable_id'])
    if is_sqlite():
        remake('upload_slots', SLOTS_OF_BEFORE, lambda: create_slots(nullable=True))
    else:
        op.alter_column('upload_slots', 'downloadable_id', nullable=True)
        op.add_column('upload_slots', sa.Column('store_id', ID, nullable=True))
        op.add_column('upload_slots', sa.Column('version_id', ID, nullable=True))
        op.add_column('upload_slots', sa.Column('announced_size', sa.BigInteger(), nullable=True))
        op.add_column('upload_slots', sa.Column('announced_md5', text(24), nullable=True))
        op.create_foreign_key(op.f('fk_upload_slots_store_id'), 'upload_slots', 'stores', ['store_id'], ['id'], ondelete='CASCADE')
        op.create_foreign_key(op.f('fk_upload_slots_version_id'), 'upload_slots', 'versions', ['version_id'], ['id'], ondelete='SET NULL')
    create_files()
    op.execute(
        'INSERT INTO files (store_id, downloadable_id, uuid, revision, is_main, name, '
        'title, alt, is_archived, date_created, date_modified) '
        f"SELECT store_id, id, {uuid}, 1, true, '', '', '', false, date_created, "
        'date_modified FROM downloadables WHERE version_id IS NOT NULL OR url IS NOT NULL'
    )
    op.create_table('file_counts',
    sa.Column('downloadable_purchase_id', ID, nullable=False),
    sa.Column('file_id', ID, nullable=False),
    sa.Column('number_of_downloads', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['downloadable_purchase_id'], ['downloadable_purchases.id'], name=op.f('fk_file_counts_downloadable_purchase_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['file_id'], ['files.id'], name=op.f('fk_file_counts_file_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('downloadable_purchase_id', 'file_id', name=op.f('pk_file_counts')),
    )
    op.execute(
        'INSERT INTO collection_states (store_id, collection, total, version) '
        "SELECT id, 'library_files', 0, 1 FROM stores"
    )


def remake(table: str, columns: str, create: Callable[[], None]) -> None:
    """Make a table of SQLite anew, which can't change its constraints otherwise.

    What refers to its rows does so again once they are back.
    """
    connection = op.get_bind()
    sequence = sa.text('SELECT seq FROM sqlite_sequence WHERE name = :name')
    newest = connection.execute(sequence, {'name': table}).scalar()
    op.execute('PRAGMA defer_foreign_keys=ON')
    op.execute(f'CREATE TABLE of_before AS SELECT {columns} FROM {table}')
    op.drop_table(table)
    create()
    op.execute(f'INSERT INTO {table} ({columns}) SELECT {columns} FROM of_before')
    op.drop_table('of_before')
    # No id is given twice.
    gone = sa.text('DELETE FROM sqlite_sequence WHERE name = :name')
    connection.execute(gone, {'name': table})
    kept = sa.text('INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)')
    connection.execute(kept, {'name': table, 'seq': newest or 0})


def create_versions(*, nullable: bool) -> None:
    op.create_table('versions',
    sa.Column('id', ID, nullable=False),
    sa.Column('downloadable_id', ID, nullable=nullable),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('blob_key', text(64), nullable=False),
    sa.Column('file_name', text(255), nullable=False),
    sa.Column('file_size', sa.BigInteger(), nullable=False),
    sa.Column('file_type', text(127), nullable=False),
    sa.Column('file_sha256', text(64), nullable=False),
    sa.Column('upload_date', sa.BigInteger(), nullable=False),
    sa.Column('store_id', ID, server_default='0', nullable=False),
    sa.Column('revision', sa.Integer(), server_default='1', nullable=False),
    sa.Column('release_notes', text(), server_default='', nullable=False),
    sa.Column('date_modified', sa.BigInteger(), server_default='0', nullable=False),
    sa.ForeignKeyConstraint(['downloadable_id'], ['downloadables.id'], name=op.f('fk_versions_downloadable_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_versions')),
    sa.UniqueConstraint('downloadable_id', 'number', name=op.f('uq_versions_downloadable_id_number')),
    sqlite_autoincrement=True
    )


def create_slots(*, nullable: bool) -> None:
    further: list[Any] = [
        sa.Column('store_id', ID, nullable=True),
        sa.Column('version_id', ID, nullable=True),
        sa.Column('announced_size', sa.BigInteger(), nullable=True),
        sa.Column('announced_md5', text(24), nullable=True),
        sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_upload_slots_store_id'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['version_id'], ['versions.id'], name=op.f('fk_upload_slots_version_id'), ondelete='SET NULL'),
    ]
    op.create_table('upload_slots',
    sa.Column('id', ID, nullable=False),
    sa.Column('digest', text(64), nullable=False),
    sa.Column('downloadable_id', ID, nullable=nullable),
    sa.Column('file_name', text(255), nullable=True),
    sa.Column('file_type', text(127), nullable=True),
    sa.Column('partial_key', text(64), nullable=True),
    sa.Column('length', sa.BigInteger(), nullable=True),
    sa.Column('offset', sa.BigInteger(), nullable=False),
    sa.Column('date_expires', sa.BigInteger(), nullable=False),
    sa.Column('date_finished', sa.BigInteger(), nullable=True),
    *(further if nullable else []),
    sa.ForeignKeyConstraint(['downloadable_id'], ['downloadables.id'], name=op.f('fk_upload_slots_downloadable_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_upload_slots')),
    sa.UniqueConstraint('digest', name=op.f('uq_upload_slots_digest')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_upload_slots_date_expires'), 'upload_slots', ['date_expires'])


def create_files() -> None:
    op.create_table('files',
    sa.Column('id', ID, nullable=False),
    sa.Column('store_id', ID, nullable=False),
    sa.Column('downloadable_id', ID, nullable=False),
    sa.Column('uuid', text(36), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('is_main', sa.Boolean(), nullable=False),
    sa.Column('version_id', ID, nullable=True),
    sa.Column('url', text(2000), nullable=True),
    sa.Column('name', text(200), nullable=False),
    sa.Column('title', text(300), nullable=False),
    sa.Column('alt', text(300), nullable=False),
    sa.Column('is_archived', sa.Boolean(), nullable=False),
    sa.Column('date_archived', sa.BigInteger(), nullable=True),
    sa.Column('date_created', sa.BigInteger(), nullable=False),
    sa.Column('date_modified', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['downloadable_id'], ['downloadables.id'], name=op.f('fk_files_downloadable_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_files_store_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['version_id'], ['versions.id'], name=op.f('fk_files_version_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_files')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_files_store_id_uuid'), 'files', ['store_id', 'uuid'], unique=True)
    op.create_index(op.f('ix_files_downloadable_id_id'), 'files', ['downloadable_id', 'id'])
    op.create_index(op.f('ix_files_version_id'), 'files', ['version_id'])
    op.create_index('uq_files_main', 'files', ['downloadable_id'], unique=True, sqlite_where=sa.text('is_main'), postgresql_where=sa.text('is_main'))


def downgrade() -> None:
    op.execute("DELETE FROM collection_states WHERE collection = 'library_files'")
    op.drop_table('file_counts')
    op.drop_table('files')
    # What those of before could not have.
    op.execute('DELETE FROM upload_slots WHERE downloadable_id IS NULL')
    if is_sqlite():
        remake('upload_slots', SLOTS_OF_BEFORE, lambda: create_slots(nullable=False))
    else:
        for column in ('announced_md5', 'announced_size', 'version_id'):
            op.drop_column('upload_slots', column)
        op.drop_column('upload_slots', 'store_id')
        op.alter_column('upload_slots', 'downloadable_id', nullable=False)
    # Several may have one blob by now: that none may is not demanded again.
    op.execute('DELETE FROM versions WHERE downloadable_id IS NULL')
    op.drop_index(op.f('ix_versions_store_id_downloadable_id'), 'versions')
    op.drop_index(op.f('ix_versions_blob_key'), 'versions')
    if is_sqlite():
        remake('versions', VERSIONS_OF_BEFORE, lambda: create_versions(nullable=False))
    else:
        op.drop_column('versions', 'alt')
        op.drop_column('versions', 'title')
        op.alter_column('versions', 'downloadable_id', nullable=False)
    op.drop_index(op.f('ix_downloadables_store_id_uuid'), 'downloadables')
    op.drop_column('downloadables', 'uuid')
    op.drop_column('downloadables', 'date_archived')
