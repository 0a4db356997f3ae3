"""The command `flask rebuild-opens [--from … --to …] [--account <name or id>]`."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import click
from flask import Flask
from flask.cli import with_appcontext
from sqlalchemy import select

from app.accounts.models import Account
from app.core import clock, periods
from app.core.ids import to_uuid
from app.core.rollup import hour_of
from app.core.runtime import runtime
from app.opens.closed.closing import close
from app.opens.rebuild import NotKept, rebuild


@click.command("rebuild-opens")
@click.option("--from", "start", help="A day or hour on the account's clock; without it, as far as opens reach.")
@click.option("--to", "end", help="As --from, a day included; without it, until now.")
@click.option("--account", "wanted", help="Its name or id; without it, all accounts.")
@with_appcontext
def rebuild_opens(start: str | None, end: str | None, wanted: str | None) -> None:
    """Counts the figures of opens anew where all opens are kept, while others are recorded, and closes the days that
    are over; it may be stopped."""
    state = runtime()
    found = select(Account.id, Account.name, Account.timezone, Account.retention_days).order_by(Account.created_at)
    if wanted is not None:
        found = found.where((Account.id == to_uuid(wanted)) | (Account.name == wanted))
    with state.engine.connect() as connection:
        accounts = connection.execute(found).all()
    if not accounts:
        raise click.ClickException("There is no such account.")
    longest = state.settings.retention_days
    for account_id, name, zone, own_days in accounts:
        cutoff = clock.now() - timedelta(days=min(own_days or longest, longest))
        first, last = _hour(start, ZoneInfo(zone)), _hour(end, ZoneInfo(zone), of_end=True)
        try:
            done = rebuild(state.engine, account_id, first, last, cutoff=cutoff)
        except NotKept as error:
            raise click.ClickException(f"{name}: {error}.") from None
        close(state.engine, account_id, clock.now())
        click.echo(
            f"{name}: {done.hours} hours counted, {done.wrong_hours} hours and {done.wrong_days} days put right."
        )


def _hour(text: str | None, zone: tzinfo, *, of_end: bool = False) -> datetime | None:
    if text is None:
        return None
    found = periods.moment(text, zone, of_end=of_end)
    if found is None:
        raise click.BadParameter(f"{text!r} is neither a day nor a time")
    return hour_of(found)


def register(app: Flask) -> None:
    app.cli.add_command(rebuild_opens)
