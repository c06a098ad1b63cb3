"""Know what was made with a token, and let store_domain say nothing of other stores."""

import re

import sqlalchemy as sa
from alembic import op

from app.migrations.frozen import ID, text

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

UNIQUE = re.compile(r',\s*CONSTRAINT uq_stores_store_domain UNIQUE \(store_domain\)')


def is_sqlite() -> bool:
    return op.get_bind().dialect.name == 'sqlite'


def upgrade() -> None:
    op.add_column('tokens', sa.Column('parent_id', ID, nullable=True))
    op.add_column('tokens', sa.Column('date_last_used', sa.BigInteger(), nullable=True))
    op.create_index(op.f('ix_tokens_parent_id'), 'tokens', ['parent_id'])
    op.create_index(op.f('ix_tokens_store_id'), 'tokens', ['store_id'])
    op.create_index(op.f('ix_tokens_code_digest'), 'tokens', ['code_digest'])
    op.add_column('authorization_codes', sa.Column('token_id', ID, nullable=True))
    op.add_column('upload_slots', sa.Column('token_id', ID, nullable=True))
    op.add_column('upload_slots', sa.Column('date_created', sa.BigInteger(), server_default='0', nullable=False))
    op.create_index(op.f('ix_upload_slots_token_id'), 'upload_slots', ['token_id'])
    op.execute(
        'UPDATE upload_slots SET store_id = (SELECT d.store_id FROM downloadables d '
        'WHERE d.id = upload_slots.downloadable_id) WHERE downloadable_id IS NOT NULL'
    )
    op.add_column('idempotency_keys', sa.Column('caller', text(64), server_default='', nullable=False))
    op.create_index(op.f('ix_idempotency_keys_caller'), 'idempotency_keys', ['caller'])
    if is_sqlite():
        remake_stores()
    else:
        op.drop_constraint('uq_stores_store_domain', 'stores', type_='unique')
    op.create_index(op.f('ix_stores_store_domain'), 'stores', ['store_domain'])


def remake_stores() -> None:
    """Make the table anew, as https://sqlite.org/lang_altertable.html#otheralter says.

    Nothing that refers to a store may notice, so foreign keys must be off.
    """
    connection = op.get_bind()
    if connection.exec_driver_sql('PRAGMA foreign_keys').scalar():
        raise RuntimeError('foreign keys must be off: use Database.migrating()')
    found = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'stores'"
    sql = str(connection.exec_driver_sql(found).scalar_one())
    if not UNIQUE.search(sql):
        op.drop_index('uq_stores_store_domain', 'stores', if_exists=True)
        return
    newest = "SELECT seq FROM sqlite_sequence WHERE name = 'stores'"
    number = connection.exec_driver_sql(newest).scalar() or 0
    create = re.sub(r'^CREATE TABLE "?stores"?', 'CREATE TABLE stores_anew', UNIQUE.sub('', sql))
    for statement in (
        create,
        'INSERT INTO stores_anew SELECT * FROM stores',
        'DROP TABLE stores',
        'ALTER TABLE stores_anew RENAME TO stores',
        "DELETE FROM sqlite_sequence WHERE name IN ('stores', 'stores_anew')",
        f"INSERT INTO sqlite_sequence (name, seq) VALUES ('stores', {int(number)})",
    ):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    op.drop_index(op.f('ix_stores_store_domain'), 'stores')
    if is_sqlite():
        op.create_index('uq_stores_store_domain', 'stores', ['store_domain'], unique=True)
    else:
        op.create_unique_constraint('uq_stores_store_domain', 'stores', ['store_domain'])
    op.drop_index(op.f('ix_idempotency_keys_caller'), 'idempotency_keys')
    op.drop_column('idempotency_keys', 'caller')
    op.execute('UPDATE upload_slots SET store_id = NULL WHERE downloadable_id IS NOT NULL')
    op.drop_index(op.f('ix_upload_slots_token_id'), 'upload_slots')
    op.drop_column('upload_slots', 'date_created')
    op.drop_column('upload_slots', 'token_id')
    op.drop_column('authorization_codes', 'token_id')
    op.drop_index(op.f('ix_tokens_code_digest'), 'tokens')
    op.drop_index(op.f('ix_tokens_store_id'), 'tokens')
    op.drop_index(op.f('ix_tokens_parent_id'), 'tokens')
    op.drop_column('tokens', 'date_last_used')
    op.drop_column('tokens', 'parent_id')
