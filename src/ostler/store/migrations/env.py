"""Alembic's entry: it runs the revisions of one database on the connection that ostler.store.migrations.steps
opened.
"""

from __future__ import annotations

from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    target_metadata=attributes["metadata"],
    render_as_batch=True,
    render_item=attributes.get("render_item"),
    # SQLite can do it; Alembic only does not expect it. One transaction: a fault undoes all steps.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
