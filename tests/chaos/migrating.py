"""Migrations of a product that serves: `python -m tests.chaos.migrating up|down <revision> [more versions]`."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from alembic import command
from flask import Flask

from tests.chaos.product import ROOT, Product

NEXT = "next"  # what a later release may bring: only what the release before it can live with
OF_A_LATER_RELEASE = '''
"""A column, an index, a wider column and a table more, on the tables of the hot paths."""

import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("delivery", "tracked_event", "email_open", "target"):
        op.add_column(table, sa.Column("remark", sa.String(length=80), nullable=True))
        op.add_column(table, sa.Column("weight", sa.Integer(), nullable=False, server_default="1"))
    op.create_index("ix_delivery_remark", "delivery", ["account_id", "remark"])
    op.create_index("ix_email_open_weight", "email_open", ["account_id", "weight"])
    with op.batch_alter_table("target") as batch:
        batch.alter_column("label", type_=sa.String(length=300), existing_type=sa.String(length=255))
    op.create_table("remark", sa.Column("id", sa.Uuid(), primary_key=True), sa.Column("text", sa.Text()))


def downgrade() -> None:
    raise NotImplementedError
'''


def migrate(product: Product, way: str, revision: str, more: Path | None = None) -> float:
    """As an operator's `flask db` on the product's settings, in a process of its own; the seconds it took."""
    started = time.monotonic()
    command = [sys.executable, "-m", "tests.chaos.migrating", way, revision, *([str(more)] if more else [])]
    done = subprocess.run(command, cwd=ROOT, env=product._environ, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-4000:]
    return round(time.monotonic() - started, 1)


def later_release(folder: Path, head: str) -> Path:
    """A folder of versions with one migration more."""
    folder.mkdir(exist_ok=True)
    (folder / "next.py").write_text(OF_A_LATER_RELEASE.format(head=head), "utf-8")
    return folder


def _run(app: Flask, way: str, revision: str, more: list[str]) -> None:
    with app.app_context():
        extension = app.extensions["migrate"]
        config = extension.migrate.get_config(extension.directory)
        config.set_main_option("version_locations", " ".join([f"{extension.directory}/versions", *more]))
        config.set_main_option("path_separator", "space")
        (command.upgrade if way == "up" else command.downgrade)(config, revision)


if __name__ == "__main__":
    from app import create_app

    _run(create_app(), sys.argv[1], sys.argv[2], sys.argv[3:])
