"""Commands: `flask setup-link`, `flask reset-password <email>`."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext

from app.accounts import audit, people
from app.accounts.setup import setup_link
from app.accounts.sign_in import find_user, normal_email
from app.core.db import db, write
from app.core.errors import Invalid, english


@click.command("setup-link")
@with_appcontext
def print_setup_link() -> None:
    """Prints a new one-time link for the first administrator; the one before stops working."""
    link = setup_link(current_app._get_current_object())  # type: ignore[attr-defined]
    if link is None:
        raise click.ClickException("The set-up is done. `flask reset-password <email>` helps somebody locked out.")
    click.echo(link)


@click.command("reset-password")
@click.argument("email")
@with_appcontext
def reset_password(email: str) -> None:
    """Asks for a new password of a person and ends their sessions."""
    user = find_user(db.session(), normal_email(email))
    if user is None:
        raise click.ClickException("Nobody has this e-mail address.")
    password = click.prompt("New password", hide_input=True, confirmation_prompt=True)
    try:
        password_hash = people.new_password_hash(password, user.email, user.name, user.account.name)
    except Invalid as error:
        raise click.ClickException(english(error.message)) from None
    with write() as session:
        user = session.get_one(type(user), user.id)
        people.set_password(session, user, password_hash, audit.system_actor(user.account_id))
    click.echo("The password was changed, and all sessions of this person were ended.")
