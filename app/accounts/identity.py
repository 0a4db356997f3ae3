"""Who looks at a page: the session cookie, Flask-Login's `current_user`, and what the shell shows of them."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote
from uuid import UUID

from flask import Flask, Request, Response, current_app, g, request, session
from flask_login import LoginManager, current_user

from app.accounts import audit, sessions
from app.accounts.models import User
from app.accounts.second_factor import pending
from app.accounts.sign_in import Caller, Opened, Pending
from app.core import access, shell
from app.core.db import begin_write, db, write
from app.core.errors import is_api
from app.core.htmx import go, safe_next
from app.core.logs import request_id
from app.core.menu import Viewer
from app.core.ratelimit import Limit, limiter
from app.core.runtime import runtime

DENIALS = Limit("denials", 20, 300)  # audited per person; a script that hammers on a closed door is one story

CODE_PATH = "/login/code"

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


def waiting_token() -> str:
    """The token of a sign-in that waits for its code, from this request's cookie; empty when there is none."""
    return request.cookies.get(pending.cookie_name(runtime().settings), "")


def caller() -> Caller:
    """Who makes this request, before anybody knows who it is."""
    return Caller(request.remote_addr, request_id.get(), request.user_agent.string)


def let_in(outcome: Opened | Pending, target: str) -> Response:
    """The answer to a right password (or code, or provider): on to `target` with the cookie of the session, or to the
    page that asks for the code with a cookie that is good for nothing else."""
    session.clear()  # a CSRF token from before the sign-in does not outlive it
    if isinstance(outcome, Pending):
        response = go(f"{CODE_PATH}?next={quote(safe_next(target), safe='/')}")
        return _set(response, pending.cookie_name(runtime().settings), outcome.token, pending.LIFETIME)
    return clear_waiting(set_cookie(go(target), outcome.token))


def set_cookie(response: Response, token: str) -> Response:
    """Without an age: it goes with the browser; the server ends it sooner."""
    return _set(response, sessions.cookie_name(runtime().settings), token)


def clear_cookie(response: Response) -> Response:
    return _delete(response, sessions.cookie_name(runtime().settings))


def clear_waiting(response: Response) -> Response:
    name = pending.cookie_name(runtime().settings)
    return _delete(response, name) if name in request.cookies else response


def _set(response: Response, name: str, token: str, max_age: timedelta | None = None) -> Response:
    tls = runtime().settings.serves_tls
    response.set_cookie(name, token, max_age=max_age, path="/", secure=tls, httponly=True, samesite="Lax")
    return response


def _delete(response: Response, name: str) -> Response:
    response.delete_cookie(name, path="/", secure=runtime().settings.serves_tls, httponly=True, samesite="Lax")
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
    g.masks_people = current_user.sees_people_masked
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
