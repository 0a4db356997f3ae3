"""The command `flask reclassify-opens [--account <name or id>]`."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import with_appcontext
from sqlalchemy import select

from app.accounts.models import Account
from app.core import clock
from app.core.db import begin_write
from app.core.ids import to_uuid
from app.core.runtime import runtime
from app.opens.rules import reclassify
from app.opens.rules.moved import give


@click.command("reclassify-opens")
@click.option("--account", "wanted", help="Its name or id; without it, all accounts.")
@with_appcontext
def reclassify_opens(wanted: str | None) -> None:
    """Judges all kept opens by the rules of today; figures stay right at every moment, and it may be stopped."""
    engine = runtime().engine
    found = select(Account.id, Account.name).order_by(Account.created_at)
    if wanted is not None:
        found = found.where((Account.id == to_uuid(wanted)) | (Account.name == wanted))
    with engine.connect() as connection:
        accounts = connection.execute(found).all()
    if not accounts:
        raise click.ClickException("There is no such account.")
    for account_id, name in accounts:
        seen = moved = 0
        for look in reclassify.looks(engine, account_id, clock.now()):
            for verdicts in filter(any, look.parts):
                with begin_write(engine) as connection:
                    moved += give(connection, account_id, verdicts)
            seen += look.seen
        click.echo(f"{name}: {seen} opens looked at, {moved} changed.")


def register(app: Flask) -> None:
    app.cli.add_command(reclassify_opens)
