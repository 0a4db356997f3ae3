"""The command `flask rotate-keys`."""

from __future__ import annotations

import click
from flask.cli import with_appcontext


@click.command("rotate-keys")
@with_appcontext
def rotate_keys() -> None:
    """Writes stored secrets anew with the first of ENCRYPTION_KEYS. Put a new key before the old ones and restart the
    product first: a process that does not know it cannot read them."""
    from app.core.runtime import runtime  # when it runs: every process of the product loads this file
    from app.upkeep.rotation import Rotated, rotate

    state = runtime()
    columns: dict[str, Rotated] = {}
    for told in rotate(state):
        columns[told.name] = told
        click.echo(f"{told.name}: {told.done + told.current + told.unreadable} looked at", err=True)
    for told in columns.values():
        click.echo(f"{told.name}: {told.done} written anew, {told.current} already, {told.unreadable} not readable")
    total = sum(told.done for told in columns.values())
    click.echo(f"{total} stored secrets were written anew with the first of ENCRYPTION_KEYS.")
    if lost := sum(told.unreadable for told in columns.values()):
        raise click.ClickException(
            f"{lost} cannot be read with any of the keys: bring the lost key back, or enter them again (flask doctor)."
        )
    older = len(state.settings.encryption_keys) - 1
    if older:
        click.echo(f"The {older} older keys can go when no backup that you keep needs them.")
    else:
        click.echo("There is no other key: to change it, put a new one before it first (docs/operating.md).")
