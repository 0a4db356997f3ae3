"""Migrations go up and down on both databases, with rows in the tables, and match the models."""

from __future__ import annotations

from pathlib import Path

import flask_migrate
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import Account
from app.core import migrate
from app.core.db import db
from app.core.runtime import runtime


def test_models_and_migrations_agree(app: Flask) -> None:
    with app.app_context():
        flask_migrate.check()


def test_migrations_go_down_and_up_again_with_rows_in_the_tables(app: Flask) -> None:
    with app.app_context():
        flask_migrate.downgrade(revision="base")
        assert migrate.current_revision(app) is None
        flask_migrate.upgrade()
        assert migrate.current_revision(app) == migrate.head_revision(app)
        assert db.session.scalar(select(func.count()).select_from(Account)) == 1


def test_the_copy_of_a_sqlite_file_is_complete_and_private(app: Flask, tmp_path: Path) -> None:
    file = runtime(app).settings.database_file
    if file is None:  # PostgreSQL has its own backups
        return
    copies = [migrate.copy_sqlite(file) for _ in range(2)]
    assert copies[0].stat().st_mode & 0o777 == 0o600
    assert copies[0].stat().st_size > 0
