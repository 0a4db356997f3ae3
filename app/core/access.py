"""Who may open which page: every view is `@requires(…)` or `@public`, and a test walks the URL map for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec
from urllib.parse import quote, urlsplit
from uuid import UUID

from flask import Flask, Response, g, make_response, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.core import clock
from app.core.errors import Forbidden, is_api
from app.core.htmx import is_htmx
from app.core.logs import request_id

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]
PUBLIC = "public"
LOGIN_PATH = "/login"
CONFIRM_PATH = "/confirm"
CONFIRMED_FOR = timedelta(minutes=30)  # security.md 5

on_enter: list[Callable[[], ResponseReturnValue | None]] = []  # may send a signed-in person elsewhere first
on_denied: list[Callable[[str], None]] = []  # called with the permission that a signed-in person lacks


def requires(permission: str, *, confirmed: bool = False) -> Callable[[View[P]], View[P]]:
    """Lets only people with `permission` ("pixels.edit") in. Anonymous people go to the sign-in page and come back
    (htmx: 401 with HX-Redirect); others get 403. Judged before the view parses anything.

    `confirmed`: sensitive; who did not prove who they are within CONFIRMED_FOR does it on the page at CONFIRM_PATH and
    comes back. Guard the page of a form with it too, so that nothing typed is lost."""
    if permission.count(".") != 1:
        raise TypeError(f"{permission!r} is not a permission such as 'pixels.edit'")

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            if not current_user.is_authenticated:
                return to_sign_in()
            for listener in on_enter:
                if (elsewhere := listener()) is not None:
                    return elsewhere
            if not has_permission(permission):
                for told in on_denied:
                    told(permission)
                raise Forbidden
            if confirmed and not is_confirmed():
                return to_confirmation()
            return view(*args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        guarded.confirmed = confirmed  # type: ignore[attr-defined]
        return guarded

    return decorate


def public(view: View[P]) -> View[P]:
    """Marks a view as open to everybody, so that forgetting a permission and meaning none look different."""
    view.permission = PUBLIC  # type: ignore[attr-defined]
    return view


def permission_of(view: Callable[..., Any]) -> str | None:
    """The permission a view asks for, `PUBLIC`, or None for one that forgot."""
    return getattr(view, "permission", None)


def is_confirmed() -> bool:
    """Whether whoever is signed in proved who they are within CONFIRMED_FOR; whoever recognises people sets
    `g.confirmed_at`."""
    at: datetime | None = g.get("confirmed_at")
    return at is not None and clock.now() - at < CONFIRMED_FOR


def has_permission(permission: str) -> bool:
    """Whether the signed-in person may; False for anonymous ones. In templates: `can("pixels.edit")`."""
    return permission in granted()


def granted() -> Collection[str]:
    """All that the signed-in person may; nothing for anonymous ones. For who asks for dozens at once."""
    user = current_user._get_current_object()
    found: Collection[str] = getattr(user, "permissions", ())
    return found


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something and from where: what the audit keeps. `name` is an e-mail address, a client or "system"."""

    account_id: UUID
    user_id: UUID | None
    name: str
    ip_address: str | None = None
    request_id: str | None = None


def acting(account_id: UUID, user_id: UUID | None, name: str) -> Actor:
    """An actor who calls from where this request comes from."""
    return Actor(account_id, user_id, name, request.remote_addr, request_id.get())


def current_actor() -> Actor:
    """Who makes this request: the person behind the cookie or the access token. Only behind a permission; whoever
    recognises people sets `g.actor`."""
    actor: Actor = g.actor
    return actor


def account_id() -> UUID:
    """Of whoever makes this request; only behind a permission."""
    return current_actor().account_id


def is_page_request() -> bool:
    """Whether a person may be looking: neither the API, where no cookie counts, nor an asset."""
    return request.endpoint != "static" and not is_api(request.path)


def is_health_check() -> bool:
    """Whether a probe asks, which calls by whatever address the machine has."""
    return request.path.startswith("/health/") or request.path == "/metrics"


HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::\d{1,5})?")


def asked_host() -> str:
    """The Host header's name without its port, lower-cased; empty when it is not one."""
    match = HOST.fullmatch(request.headers.get("Host", "").lower())
    return match[1] if match else ""


def is_from_elsewhere() -> bool:
    """Whether a browser says that another site's page sent this change. Browsers set the header themselves, also
    where the referrer policy hides the rest; programs and old browsers leave it out."""
    is_safe = request.method in ("GET", "HEAD", "OPTIONS")
    return not is_safe and request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none")


def has_nul() -> bool:
    """Whether query or form hold a NUL, which no field takes and PostgreSQL refuses."""
    texts = (*request.args.values(), *request.form.values())
    return "\0" in request.path or any("\0" in text for text in texts)


def to_sign_in() -> Response:
    """The way to the sign-in page and back to where the person was."""
    return _by_way_of(LOGIN_PATH, 401)


def to_confirmation() -> Response:
    """The way to the page that asks once more who this is, and back to where the person was."""
    return _by_way_of(CONFIRM_PATH, 403)


def _by_way_of(path: str, status: int) -> Response:
    target = f"{path}?next={quote(_here(), safe='/')}"
    if is_htmx():
        response = make_response("", status)
        response.headers["HX-Redirect"] = target
    else:
        response = make_response("", 303)
        response.headers["Location"] = target
    response.vary.add("HX-Request")
    return response


def _here() -> str:
    """The page to come back to: that of the address bar, never the fragment that was asked for."""
    if is_htmx():
        try:
            seen = urlsplit(request.headers.get("HX-Current-URL", ""))
        except ValueError:  # "http://[" and the like
            return "/"
        return f"{seen.path}?{seen.query}" if seen.query else seen.path or "/"
    if request.method not in ("GET", "HEAD"):
        return _referring_path()
    return request.full_path.rstrip("?")


def _referring_path() -> str:
    """Where a form was sent from, when that was a page of ours."""
    try:
        seen = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return "/"
    if seen.netloc.lower() != request.host.lower():
        return "/"
    return f"{seen.path}?{seen.query}" if seen.query else seen.path or "/"


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(can=has_permission)
