"""`flask remove-second-factor <email>`: for the one administrator who lost app and recovery codes."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app.accounts import audit, sessions
from app.accounts.models import User
from app.accounts.second_factor import service
from app.accounts.sign_in import find_user, normal_email
from app.core.db import db, write


@click.command("remove-second-factor")
@click.argument("email")
@with_appcontext
def remove_second_factor(email: str) -> None:
    """Takes a person's second factor away and ends their sessions; others ask their administrator."""
    user = find_user(db.session(), normal_email(email))
    if user is None:
        raise click.ClickException("Nobody has this e-mail address.")
    id_ = user.id
    with write() as store:
        user = store.get_one(User, id_)
        if not service.remove(store, audit.system_actor(user.account_id), user):
            raise click.ClickException("This person has no second factor.")
        sessions.end_all(store, id_)
    click.echo("The second factor was removed, and all sessions of this person were ended.")
