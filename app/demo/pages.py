"""The door of the demo: whoever has its link signs in as any of its people."""

from __future__ import annotations

import hmac
import secrets

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.accounts import sessions
from app.accounts.models import User
from app.accounts.pages import enter as start_session
from app.accounts.pages import private
from app.accounts.roles import Role
from app.core.access import public
from app.core.db import db, write
from app.core.errors import NotFound
from app.core.htmx import page
from app.core.ids import to_uuid
from app.core.runtime import runtime
from app.core.settings import Settings, kept_secret

ROLE_WORDS = {
    Role.ADMIN: _l("Administrator"),
    Role.MANAGER: _l("Manager"),
    Role.OPERATOR: _l("Operator"),
    Role.VIEWER: _l("Viewer"),
}
bp = Blueprint("demo", __name__, url_prefix="/demo")


def link(settings: Settings) -> str:
    """Works as long as the demo's folder exists."""
    return f"{settings.public_url}/demo/{_token(settings)}"


def _token(settings: Settings) -> str:
    return kept_secret(settings.data_dir, "demo_token", lambda: secrets.token_urlsafe(24))


@bp.get("/<token>")
@public
def enter(token: str) -> ResponseReturnValue:
    """Who is there to be."""
    _check(token)
    found = select(User).join(User.account).order_by(User.created_at, User.id)
    return private(page("demo/enter.html", people=db.session.scalars(found).all(), roles=ROLE_WORDS))


@bp.post("/<token>")
@public
def sign_in(token: str) -> ResponseReturnValue:
    _check(token)
    with write() as store:
        id_ = to_uuid(request.form.get("person"))
        user = store.get(User, id_) if id_ is not None else None
        if user is None:
            raise NotFound
        _opened, browser_token = sessions.open_session(
            store, user, ip_address=request.remote_addr, user_agent=request.user_agent.string
        )
    return private(start_session(browser_token, "/"))


def _check(token: str) -> None:
    if not hmac.compare_digest(token.encode(), _token(runtime().settings).encode()):
        raise NotFound
