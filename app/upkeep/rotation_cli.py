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
    from app.upkeep.rotation import rotate

    state = runtime()
    rotated = rotate(state)
    click.echo(f"{rotated.done} stored secrets are now written with the first of ENCRYPTION_KEYS.")
    if rotated.unreadable:
        raise click.ClickException(
            f"{rotated.unreadable} cannot be read with any of the keys; enter these tokens again."
        )
    older = len(state.settings.encryption_keys) - 1
    if older:
        click.echo(f"The {older} older keys can go when no backup that you keep needs them.")
    else:
        click.echo("There is no other key: to change it, put a new one before it first (docs/operating.md).")
