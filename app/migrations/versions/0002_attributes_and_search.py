"""Add attributes of stores, categories and downloadables, and a text to search."""

import sqlalchemy as sa
from alembic import op

from app.migrations.frozen import ID, folded, text

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

SEARCHED = {
    "stores": ("store_name", "store_domain"),
    "item_categories": ("name", "code"),
    "downloadables": ("name", "code", "description", "file_name"),
}


def upgrade() -> None:
    op.create_table('attributes',
    sa.Column('id', ID, nullable=False),
    sa.Column('store_id', ID, nullable=False),
    sa.Column('of_store_id', ID, nullable=True),
    sa.Column('item_category_id', ID, nullable=True),
    sa.Column('downloadable_id', ID, nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('name', text(500), nullable=False),
    sa.Column('value', text(1000), nullable=False),
    sa.Column('visibility', text(20), nullable=False),
    sa.Column('date_created', sa.BigInteger(), nullable=False),
    sa.Column('date_modified', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('of_store_id IS NOT NULL OR item_category_id IS NOT NULL OR downloadable_id IS NOT NULL', name='owned'),
    sa.ForeignKeyConstraint(['downloadable_id'], ['downloadables.id'], name=op.f('fk_attributes_downloadable_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['item_category_id'], ['item_categories.id'], name=op.f('fk_attributes_item_category_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['of_store_id'], ['stores.id'], name=op.f('fk_attributes_of_store_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_attributes_store_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attributes')),
    sa.UniqueConstraint('downloadable_id', 'name', name=op.f('uq_attributes_downloadable_id_name')),
    sa.UniqueConstraint('item_category_id', 'name', name=op.f('uq_attributes_item_category_id_name')),
    sa.UniqueConstraint('of_store_id', 'name', name=op.f('uq_attributes_of_store_id_name')),
    sqlite_autoincrement=True
    )
    for table in SEARCHED:
        op.add_column(table, sa.Column('search_text', text(), server_default='', nullable=False))
        op.add_column(table, sa.Column('attribute_count', sa.Integer(), server_default='0', nullable=False))
    fill_search_texts(op.get_bind())


def fill_search_texts(connection: sa.Connection) -> None:
    """Databases fold case each in its own way, so the texts are folded here."""
    for table, names in SEARCHED.items():
        columns = ", ".join(
            "versions.file_name" if name == "file_name" else f"{table}.{name}" for name in names
        )
        joined = " LEFT JOIN versions ON versions.id = version_id" if "file_name" in names else ""
        rows = connection.execute(sa.text(f"SELECT {table}.id, {columns} FROM {table}{joined}")).all()
        for row in rows:
            found = folded(dict(zip(names, row[1:])), names)
            connection.execute(
                sa.text(f"UPDATE {table} SET search_text = :found WHERE id = :id"),
                {"found": found, "id": row[0]},
            )


def downgrade() -> None:
    for table in SEARCHED:
        op.drop_column(table, 'attribute_count')
        op.drop_column(table, 'search_text')
    op.drop_table('attributes')
