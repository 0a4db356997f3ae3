"""The command `flask retention [--dry-run]`."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext

from app.accounts.account.keeping import AUDIT_DAYS


@click.command("retention")
@click.option("--dry-run", is_flag=True, help="Only tell what would go.")
@with_appcontext
def retention(dry_run: bool) -> None:
    """Removes what is older than RETENTION_DAYS, or than what its account keeps, as the nightly job does (03:10,
    TIMEZONE), while the product runs."""
    from app.core import clock  # when it runs: every process of the product loads this file
    from app.core.runtime import runtime
    from app.work import retention as nightly
    from app.work.aging import own_times

    app = current_app._get_current_object()  # type: ignore[attr-defined]
    settings = runtime(app).settings
    kept_since = nightly.oldest_kept(settings, clock.now())
    click.echo(f"RETENTION_DAYS is {settings.retention_days}: kept since {kept_since:%Y-%m-%d %H:%M} UTC.")
    for own in own_times(runtime(app).engine, settings):
        click.echo(f"{own.name} keeps {own.days} days; its audit log {max(own.days, AUDIT_DAYS)} at least.")
    if not dry_run:
        gone = {table: count for table, count in nightly.clean_up(app).items() if count}
        click.echo(
            "Removed: " + (", ".join(f"{table} {count:,}" for table, count in sorted(gone.items())) or "nothing")
        )
        return
    rows = 0
    click.echo(f"{'table':<16} {'rows':>12}  {'oldest':<16}  partitions, or whose")
    for old in nightly.preview(app):
        if old.whose is not None and not old.rows:
            continue
        rows += old.rows
        oldest = f"{old.oldest:%Y-%m-%d %H:%M}" if old.oldest else "-"
        click.echo(f"{old.table:<16} {old.rows:>12,}  {oldest:<16}  {old.whose or ', '.join(old.partitions) or '-'}")
    click.echo(f"{rows:,} rows would go. Nothing was removed. Figures (rollups) stay in any case.")
