"""Keep an authorization code after its use, and which tokens came of it."""

import sqlalchemy as sa
from alembic import op

from app.migrations.frozen import text

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('tokens', sa.Column('code_digest', text(64), nullable=True))
    op.add_column(
        'authorization_codes', sa.Column('date_used', sa.BigInteger(), nullable=True)
    )


def downgrade() -> None:
    op.drop_column('authorization_codes', 'date_used')
    op.drop_column('tokens', 'code_digest')
