"""Runs migrations on the app's own engine, in one write transaction."""

from alembic import context
from flask import current_app
from sqlalchemy import text

from app.core.db import Base, begin_write
from app.core.runtime import runtime

BY_HAND = {"ix_contact_searchable"}  # of PostgreSQL alone: no model can say so


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    if kind == "index" and name in BY_HAND:
        return False
    return not (kind == "table" and name is not None and name not in Base.metadata.tables)


def migrate() -> None:
    engine = runtime(current_app).engine
    with begin_write(engine) as connection:
        if engine.dialect.name == "postgresql":  # hosts that start at once: one migrates, the others find it done
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('kalitrack migrations'))"))
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            compare_type=True,
            include_name=include_name,
            transaction_per_migration=False,
        )
        context.run_migrations()


migrate()
