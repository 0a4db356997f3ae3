"""The command `flask outbox [--wipe ID]`, for whoever runs this server."""

from __future__ import annotations

from uuid import UUID

import click
from flask.cli import with_appcontext

from app.accounts import audit
from app.core.db import db, write
from app.core.errors import Conflict, NotFound, english
from app.core.runtime import runtime
from app.deliveries.outbox import service
from app.deliveries.outbox.service import Waiting


@click.command("outbox")
@click.option("--wipe", "id_", type=click.UUID, metavar="ID", help="Forget this message: it was passed on by hand.")
@with_appcontext
def outbox(id_: UUID | None) -> None:
    """Prints the e-mails of all accounts that were not sent yet, with their links: keep them to yourself."""
    if id_ is not None:
        _wipe(id_)
        return
    letters = service.waiting(db.session(), runtime(), None)
    for letter in letters:
        click.echo(_told(letter))
    click.echo(f"{len(letters)} waiting, newest first." if letters else "Nothing waits.")


def _wipe(id_: UUID) -> None:
    account_id = service.account_of(db.session(), id_)
    try:
        if account_id is None:
            raise NotFound
        with write() as session:
            service.pass_on(session, audit.system_actor(account_id), id_)
    except NotFound:
        raise click.ClickException("No message with this ID waits.") from None
    except Conflict as error:
        raise click.ClickException(english(error.message)) from None
    click.echo("It is forgotten.")


def _told(letter: Waiting) -> str:
    if not letter.is_readable:
        return f"ID: {letter.id}\nTo: {letter.recipient}\nNo key of ENCRYPTION_KEYS opens it.\n"
    lines = [
        f"ID: {letter.id}",
        f"To: {letter.to}",
        f"Subject: {letter.subject}",
        f"Expires: {letter.expires_at:%Y-%m-%d %H:%M} UTC",
    ]
    return "\n".join([*lines, "", *(f"    {line}".rstrip() for line in letter.text.splitlines()), ""])
