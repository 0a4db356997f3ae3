"""What a start makes of the settings, after the migrations: administrator, tracking client, set-up link."""

from __future__ import annotations

from flask import Flask

from app.accounts import audit, people, sign_in
from app.accounts.clients import from_settings
from app.accounts.roles import Role
from app.accounts.setup import setup_link
from app.core.db import db, write
from app.core.errors import Invalid, english
from app.core.runtime import runtime
from app.core.settings import SettingError, Settings


def prepare(app: Flask) -> str | None:
    """Call once per start, when the database is migrated. Returns the set-up link to print, None when it was used.
    Raises SettingError for a weak ADMIN_PASSWORD or a wrong ADMIN_EMAIL."""
    settings = runtime(app).settings
    with app.app_context():
        try:
            create_administrator(settings)
            if settings.tracking_token is not None:
                with write() as session:
                    from_settings.ensure(session, settings.tracking_token)
        finally:
            db.session.remove()
    return setup_link(app)


def create_administrator(settings: Settings) -> None:
    if settings.admin_email is None and settings.admin_password is None:
        return
    if people.is_set_up(db.session()):
        return  # they count only while there is nobody: a later start must not bring a removed person back
    if settings.admin_email is None or settings.admin_password is None:
        raise SettingError("ADMIN_EMAIL and ADMIN_PASSWORD belong together: set both or neither")
    try:
        email = people.checked_email(settings.admin_email)
    except Invalid as error:
        raise SettingError(f"ADMIN_EMAIL: {english(error.message)}") from None
    try:
        password_hash = people.new_password_hash(settings.admin_password, email)
    except Invalid as error:
        raise SettingError(f"ADMIN_PASSWORD: {english(error.message)}") from None
    with write() as session:
        if people.is_set_up(session):
            return
        account = sign_in.first_account(session)
        actor = audit.system_actor(account.id)
        name = email.partition("@")[0]
        people.create(session, account, actor, email=email, name=name, role=Role.ADMIN, password_hash=password_hash)
