"""Runs the migrations on the connection that the ledger hands over."""

from alembic import context

from orchestrator.jobs.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table="wetread_schema",
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
