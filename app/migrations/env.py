"""Run migrations on the connection that `app.services.operations.migration` passes."""

from alembic import context

from app.models import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
