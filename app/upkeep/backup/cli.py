"""The commands `flask backup [--to FOLDER|FILE]` and `flask restore FILE`."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

# What the commands need is imported when one runs: every process of the product loads this file.


@click.command("backup")
@click.option("--to", type=click.Path(path_type=Path), help="A folder, or a new file whose name ends in .tar.gz.")
@click.option("--keep", type=click.IntRange(1), help="Then remove all but so many backups of that folder.")
@click.option(
    "--with-secrets", is_flag=True, help="The keys that read it go in too: keep such a file as you keep keys."
)
@with_appcontext
def backup(to: Path | None, keep: int | None, with_secrets: bool) -> None:
    """Copies the database into one file while the product runs: images, events, opens, people, all of it."""
    from app.core.runtime import runtime
    from app.upkeep.backup import places, said, stamp
    from app.upkeep.backup.gently import gently
    from app.upkeep.backup.taking import take

    state = runtime()
    taken = gently(lambda progress: take(state, to, progress, with_secrets=with_secrets))
    stamp.write(state.settings.data_dir, taken)
    said.taken(taken)
    if keep is not None:
        for gone in places.keep(taken.path.parent, keep):
            click.echo(f"Removed {gone.name}.")


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="What the database holds now gives way.")
@click.option("--new-keys", is_flag=True, help="Restore although the keys do not fit: access tokens are lost.")
@click.option("--paused", is_flag=True, help="Send nothing until somebody resumes each pixel.")
@with_appcontext
def restore(file: Path, replace: bool, new_keys: bool, paused: bool) -> None:
    """Puts a backup into an empty database, while the product is stopped."""
    from app.upkeep.backup import restoring, said
    from app.upkeep.backup.gently import gently

    app = current_app._get_current_object()  # type: ignore[attr-defined]
    wishes = restoring.Wishes(replace=replace, new_keys=new_keys, paused=paused)
    said.restored(gently(lambda progress: restoring.restore(app, file, wishes, progress)))
