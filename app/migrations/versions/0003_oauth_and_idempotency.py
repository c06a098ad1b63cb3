"""Keep OAuth clients, their codes and tokens, and the outcomes of repeatable requests."""

import sqlalchemy as sa
from alembic import op

from app.migrations.frozen import ID, text

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('idempotency_keys',
    sa.Column('digest', text(64), nullable=False),
    sa.Column('request_digest', text(64), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('headers', text(), nullable=True),
    sa.Column('body', sa.LargeBinary(), nullable=True),
    sa.Column('date_expires', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_idempotency_keys'))
    )
    op.create_index(op.f('ix_idempotency_keys_date_expires'), 'idempotency_keys', ['date_expires'])
    op.create_table('oauth_clients',
    sa.Column('id', ID, nullable=False),
    sa.Column('client_id', text(64), nullable=False),
    sa.Column('secret_digest', text(64), nullable=True),
    sa.Column('name', text(200), nullable=False),
    sa.Column('scope', text(40), nullable=False),
    sa.Column('store_id', ID, nullable=True),
    sa.Column('redirect_uris', text(), nullable=False),
    sa.Column('date_created', sa.BigInteger(), nullable=False),
    sa.Column('date_revoked', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_oauth_clients_store_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_oauth_clients')),
    sa.UniqueConstraint('client_id', name=op.f('uq_oauth_clients_client_id')),
    sqlite_autoincrement=True
    )
    op.create_table('authorization_codes',
    sa.Column('digest', text(64), nullable=False),
    sa.Column('client_id', ID, nullable=False),
    sa.Column('redirect_uri', text(2000), nullable=False),
    sa.Column('scope', text(40), nullable=False),
    sa.Column('store_id', ID, nullable=True),
    sa.Column('code_challenge', text(128), nullable=True),
    sa.Column('code_challenge_method', text(10), nullable=True),
    sa.Column('date_expires', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['client_id'], ['oauth_clients.id'], name=op.f('fk_authorization_codes_client_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_authorization_codes_store_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_authorization_codes'))
    )
    op.add_column('tokens', sa.Column('kind', text(10), server_default='access', nullable=False))
    op.add_column('tokens', sa.Column('client_id', ID, nullable=True))
    op.add_column('tokens', sa.Column('date_expires', sa.BigInteger(), nullable=True))


def downgrade() -> None:
    for column in ('date_expires', 'client_id', 'kind'):
        op.drop_column('tokens', column)
    op.drop_table('authorization_codes')
    op.drop_table('oauth_clients')
    op.drop_index(op.f('ix_idempotency_keys_date_expires'), 'idempotency_keys')
    op.drop_table('idempotency_keys')
