"""Who looks at a page: the session cookie, Flask-Login's `current_user`, and what the shell shows of them."""

from __future__ import annotations

from uuid import UUID

from flask import Flask, Request, Response, current_app, g
from flask_login import LoginManager, current_user

from app.accounts import audit, sessions
from app.accounts.models import User
from app.core import access, shell
from app.core.db import begin_write, db, write
from app.core.errors import is_api
from app.core.menu import Viewer
from app.core.ratelimit import Limit, limiter
from app.core.runtime import runtime

DENIALS = Limit("denials", 20, 300)  # audited per person; a script that hammers on a closed door is one story

login = LoginManager()
login.session_protection = None  # ours are rows that can be ended; nothing of a sign-in is in Flask's own cookie


@login.request_loader  # type: ignore[untyped-decorator]
def load_user(request: Request) -> User | None:
    """The person of the session cookie. Under /api no cookie counts, whatever it says."""
    if is_api(request.path):
        return None
    token = request.cookies.get(sessions.cookie_name(runtime().settings), "")
    found = sessions.find_by_token(db.session(), token)
    if found is None:
        return None
    g.session_id = found.id
    g.confirmed_at = found.confirmed_at
    if sessions.is_seen_due(found):
        g.seen_due = (found.id, found.user_id)
    return found.user


def current_session_id() -> UUID | None:
    """The session of this request's cookie."""
    return g.get("session_id") if current_user.is_authenticated else None


def set_cookie(response: Response, token: str) -> Response:
    """Without an age: it goes with the browser; the server ends it sooner."""
    settings = runtime().settings
    name = sessions.cookie_name(settings)
    response.set_cookie(name, token, path="/", secure=settings.serves_tls, httponly=True, samesite="Lax")
    return response


def clear_cookie(response: Response) -> Response:
    settings = runtime().settings
    name = sessions.cookie_name(settings)
    response.delete_cookie(name, path="/", secure=settings.serves_tls, httponly=True, samesite="Lax")
    return response


def init_app(app: Flask) -> None:
    login.init_app(app)
    tls = runtime(app).settings.serves_tls
    app.config.update(
        SESSION_COOKIE_NAME="__Host-kalitrack_form" if tls else "kalitrack_form",  # CSRF token and flashes only
        SESSION_COOKIE_SECURE=tls,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
    )
    app.before_request(_present)
    app.after_request(_note_seen)
    if _audit_denial not in access.on_denied:
        access.on_denied.append(_audit_denial)
    if _keep_preferences not in shell.on_preferences:
        shell.on_preferences.append(_keep_preferences)


def _present() -> None:
    """What the shell, the languages and the audit need of the person, before any view runs."""
    if not access.is_page_request() or not current_user.is_authenticated:
        return
    g.actor = access.acting(current_user.account_id, current_user.id, current_user.email)
    g.viewer = Viewer(current_user.name, current_user.account.name)
    g.locale, g.theme = current_user.locale, current_user.theme
    g.timezone = current_user.timezone or current_user.account.timezone


def _note_seen(response: Response) -> Response:
    due: tuple[UUID, UUID] | None = g.pop("seen_due", None)
    if due is not None:
        sessions.note_seen(runtime().engine, *due)
    return response


def _keep_preferences(chosen: dict[str, str]) -> None:
    """Language and theme go with the person to other browsers, where they win over what is set there."""
    if not chosen or not current_user.is_authenticated:
        return
    id_ = current_user.id
    with write() as session:
        user = session.get_one(User, id_)
        for name, value in chosen.items():
            setattr(user, name, value)


def _audit_denial(permission: str) -> None:
    actor = access.current_actor()
    if limiter(current_app).hit(DENIALS, str(actor.user_id)) is None:
        with begin_write(runtime().engine) as connection:
            audit.record(connection, actor, "access.denied", subject=permission)
