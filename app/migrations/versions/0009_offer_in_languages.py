"""Let downloadables be offered with sale prices and periods, in several languages."""

import sqlalchemy as sa
from alembic import op

from app.migrations.frozen import ID, text

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('downloadables', sa.Column('language', text(35), nullable=True))
    op.add_column('downloadables', sa.Column('translation_count', sa.Integer(), server_default='0', nullable=False))
    op.create_table('offers',
    sa.Column('downloadable_id', ID, autoincrement=False, nullable=False),
    sa.Column('store_id', ID, nullable=False),
    sa.Column('slug', text(200), nullable=False),
    sa.Column('sale_price', sa.BigInteger(), nullable=True),
    sa.Column('sale_price_start', sa.BigInteger(), nullable=True),
    sa.Column('sale_price_end', sa.BigInteger(), nullable=True),
    sa.Column('available_from', sa.BigInteger(), nullable=True),
    sa.Column('available_until', sa.BigInteger(), nullable=True),
    sa.Column('min_quantity', sa.Integer(), nullable=True),
    sa.Column('max_quantity', sa.Integer(), nullable=True),
    sa.Column('short_description', text(), nullable=False),
    sa.Column('keywords', text(), nullable=False),
    sa.Column('seo_title', text(200), nullable=False),
    sa.Column('seo_description', text(), nullable=False),
    sa.Column('barcode', text(100), nullable=False),
    sa.Column('cost', sa.BigInteger(), nullable=True),
    sa.Column('is_taxable', sa.Boolean(), nullable=False),
    sa.Column('display_order', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['downloadable_id'], ['downloadables.id'], name=op.f('fk_offers_downloadable_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_offers_store_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('downloadable_id', name=op.f('pk_offers'))
    )
    op.create_index('uq_offers_slug', 'offers', ['store_id', 'slug'], unique=True, sqlite_where=sa.text("slug <> ''"), postgresql_where=sa.text("slug <> ''"))
    op.create_table('translations',
    sa.Column('id', ID, nullable=False),
    sa.Column('store_id', ID, nullable=False),
    sa.Column('downloadable_id', ID, nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('language', text(35), nullable=False),
    sa.Column('name', text(100), nullable=False),
    sa.Column('description', text(), nullable=False),
    sa.Column('short_description', text(), nullable=False),
    sa.Column('seo_title', text(200), nullable=False),
    sa.Column('seo_description', text(), nullable=False),
    sa.Column('date_created', sa.BigInteger(), nullable=False),
    sa.Column('date_modified', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['downloadable_id'], ['downloadables.id'], name=op.f('fk_translations_downloadable_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_translations_store_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_translations')),
    sa.UniqueConstraint('downloadable_id', 'language', name=op.f('uq_translations_downloadable_id_language')),
    sqlite_autoincrement=True
    )


def downgrade() -> None:
    op.drop_table('translations')
    op.drop_table('offers')
    op.drop_column('downloadables', 'translation_count')
    op.drop_column('downloadables', 'language')
