"""Store the main file of a downloadable once, as the first of its files."""

import sqlalchemy as sa
from alembic import op

from app.migrations.frozen import ID, altered, text

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

SESSION = 'ix_downloads_downloadable_purchase_id_open_until'
SESSION_OF_BEFORE = 'ix_downloads_downloadable_purchase_id_file_key_open_until'


def upgrade() -> None:
    # A library file belongs to no downloadable, so it is not the n-th version of one.
    with altered('versions') as versions:
        versions.alter_column('number', existing_type=sa.Integer(), nullable=True)
    op.execute('UPDATE versions SET number = NULL WHERE downloadable_id IS NULL')
    op.add_column('files', sa.Column('position', sa.Integer(), nullable=True))
    op.execute(
        'UPDATE files SET position = 0, version_id = d.version_id, url = d.url '
        'FROM downloadables AS d WHERE d.id = files.downloadable_id AND files.is_main'
    )
    op.execute(
        'UPDATE files SET position = others.rank FROM ('
        'SELECT id, row_number() OVER (PARTITION BY downloadable_id ORDER BY id) AS rank '
        'FROM files WHERE NOT is_main) AS others WHERE others.id = files.id'
    )
    op.drop_index('uq_files_main', 'files')
    with altered('files') as files:
        files.alter_column('position', existing_type=sa.Integer(), nullable=False)
        files.drop_column('is_main')
    op.create_index(op.f('ix_files_downloadable_id_position'), 'files', ['downloadable_id', 'position'], unique=True)
    op.drop_column('downloadables', 'version_id')
    op.drop_column('downloadables', 'url')
    op.add_column('downloads', sa.Column('version_id', ID, nullable=True))
    op.add_column('downloads', sa.Column('file_id', ID, nullable=True))
    op.execute(
        'UPDATE downloads SET version_id = CASE WHEN file_key > 0 THEN file_key END, '
        'file_id = CASE WHEN file_key < 0 THEN -file_key END'
    )
    op.drop_index(SESSION_OF_BEFORE, 'downloads')
    op.drop_column('downloads', 'file_key')
    op.create_index(SESSION, 'downloads', ['downloadable_purchase_id', 'open_until'])


def downgrade() -> None:
    op.add_column('downloads', sa.Column('file_key', ID, server_default='0', nullable=False))
    op.execute('UPDATE downloads SET file_key = coalesce(-file_id, version_id, 0)')
    op.drop_index(SESSION, 'downloads')
    op.drop_column('downloads', 'file_id')
    op.drop_column('downloads', 'version_id')
    op.create_index(SESSION_OF_BEFORE, 'downloads', ['downloadable_purchase_id', 'file_key', 'open_until'])
    op.add_column('downloadables', sa.Column('url', text(2000), nullable=True))
    op.add_column('downloadables', sa.Column('version_id', ID, nullable=True))
    op.execute(
        'UPDATE downloadables SET version_id = f.version_id, url = f.url FROM files AS f '
        'WHERE f.downloadable_id = downloadables.id AND f.position = 0'
    )
    op.add_column('files', sa.Column('is_main', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute('UPDATE files SET is_main = true, version_id = NULL, url = NULL WHERE position = 0')
    op.drop_index(op.f('ix_files_downloadable_id_position'), 'files')
    op.drop_column('files', 'position')
    op.create_index('uq_files_main', 'files', ['downloadable_id'], unique=True, sqlite_where=sa.text('is_main'), postgresql_where=sa.text('is_main'))
    op.execute('UPDATE versions SET number = 0 WHERE number IS NULL')
    with altered('versions') as versions:
        versions.alter_column('number', existing_type=sa.Integer(), nullable=False)
