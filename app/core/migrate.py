"""Brings a database to the newest revision; a SQLite file is copied first."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask

from app.core.clock import now
from app.core.runtime import runtime

log = logging.getLogger(__name__)
KEPT_COPIES = 5


def upgrade(app: Flask) -> None:
    """Migrates to head if it is not there. Safe to call at every start; two at once wait for each other's lock."""
    import flask_migrate

    with app.app_context():
        if current_revision(app) == head_revision(app):
            return
        file = runtime(app).settings.database_file
        if file is not None and file.exists() and current_revision(app) is not None:
            log.warning("database copied to %s before its migration", copy_sqlite(file))
        flask_migrate.upgrade()


def current_revision(app: Flask) -> str | None:
    with runtime(app).engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision(app: Flask) -> str | None:
    config = Config()
    config.set_main_option("script_location", app.extensions["migrate"].directory)
    return ScriptDirectory.from_config(config).get_current_head()


def copy_sqlite(file: Path) -> Path:
    """A consistent copy beside the data, made by SQLite's own backup; the oldest of more than five go."""
    folder = file.parent / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    copy = folder / f"{file.stem}-{now():%Y%m%d-%H%M%S}.db"
    source, target = sqlite3.connect(file), sqlite3.connect(copy)
    try:
        source.backup(target)
    finally:
        source.close()
        target.close()
    copy.chmod(0o600)
    for old in sorted(folder.glob(f"{file.stem}-*.db"))[:-KEPT_COPIES]:
        old.unlink()
    return copy
