"""What the commands say when they are done."""

from __future__ import annotations

import click

from app.upkeep.backup import places
from app.upkeep.backup.restoring import Restored
from app.upkeep.backup.taking import Taken


def taken(done: Taken) -> None:
    told = done.manifest
    click.echo(f"Backup: {done.path}")
    click.echo(
        f"{told.rows:,} rows of {len(told.counts)} tables ({told.database}, revision {told.revision}) as they were at "
        f"{told.taken_at:%Y-%m-%d %H:%M:%S} UTC; {places.megabytes(told.size)} packed to "
        f"{places.megabytes(done.size)} in {done.seconds:.1f} s."
    )
    click.echo("Images and the opens that wait in this machine's spool are in it. Log files and Valkey are not.")
    if told.has_secrets:
        click.echo("The keys are in it: whoever has this file can read every access token.")
    else:
        click.echo(
            "The keys that read it (SECRET_KEY, ENCRYPTION_KEYS, PII_HASH_KEY) are not: keep the data folder's "
            "`secrets`, or your settings, in another place."
        )


def restored(done: Restored) -> None:
    told = done.manifest
    width = max(map(len, told.counts))
    for name, number in sorted(told.counts.items()):
        if number:
            click.echo(f"  {name:<{width}} {number:>12,}")
    click.echo(
        f"Restored {told.rows:,} rows of {len(told.counts)} tables, each as many as the backup of "
        f"{told.taken_at:%Y-%m-%d %H:%M:%S} UTC says."
    )
    if done.migrated_to is not None:
        click.echo(f"Migrated from revision {told.revision} to {done.migrated_to}.")
    if done.aside is not None:
        click.echo(f"The database that was there is now {done.aside}.")
    click.echo(
        f"{done.open.waiting:,} deliveries wait and {done.open.in_flight:,} were in flight: these go out when "
        "the product starts. What was delivered by then is not sent again."
    )
    if done.paused:
        click.echo(f"{done.paused} targets are paused: nothing is sent until somebody resumes them.")
