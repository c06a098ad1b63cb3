"""Let people sign in: users, their roles in stores, and their sessions."""

import sqlalchemy as sa
from alembic import op

from app.migrations.frozen import ID, text

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('users',
    sa.Column('id', ID, nullable=False),
    sa.Column('email', text(254), nullable=False),
    sa.Column('email_key', text(254), nullable=False),
    sa.Column('password_digest', text(200), nullable=True),
    sa.Column('date_signed_in', sa.BigInteger(), nullable=True),
    sa.Column('date_created', sa.BigInteger(), nullable=False),
    sa.Column('date_modified', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_users')),
    sa.UniqueConstraint('email_key', name=op.f('uq_users_email_key')),
    sqlite_autoincrement=True
    )
    op.create_table('user_roles',
    sa.Column('id', ID, nullable=False),
    sa.Column('store_id', ID, nullable=False),
    sa.Column('user_id', ID, nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('role', text(20), nullable=False),
    sa.Column('date_created', sa.BigInteger(), nullable=False),
    sa.Column('date_modified', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_user_roles_store_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_user_roles_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user_roles')),
    sa.UniqueConstraint('store_id', 'user_id', name=op.f('uq_user_roles_store_id_user_id')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_user_roles_user_id'), 'user_roles', ['user_id'])
    op.add_column('tokens', sa.Column('user_id', ID, nullable=True))
    op.create_index(op.f('ix_tokens_user_id'), 'tokens', ['user_id'])
    op.execute(
        'INSERT INTO collection_states (store_id, collection, total, version) '
        "SELECT id, 'users', 0, 1 FROM stores"
    )


def downgrade() -> None:
    op.execute("DELETE FROM collection_states WHERE collection = 'users'")
    # Sessions would be taken for tokens of programs.
    op.execute("DELETE FROM tokens WHERE kind IN ('session', 'sign_in')")
    op.drop_index(op.f('ix_tokens_user_id'), 'tokens')
    op.drop_column('tokens', 'user_id')
    op.drop_table('user_roles')
    op.drop_table('users')
