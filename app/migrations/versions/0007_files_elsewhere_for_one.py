"""Let one purchase have a file that is kept elsewhere."""

import sqlalchemy as sa
from alembic import op

from app.migrations.frozen import text

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('downloadable_purchases', sa.Column('url', text(2000), nullable=True))


def downgrade() -> None:
    op.drop_column('downloadable_purchases', 'url')
