"""What a browser's request must pass before any view: host, origin, clean bytes, CSRF token (security.md 29, 37)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Blueprint, Flask
from flask_wtf import CSRFProtect

from app.accounts.sessions import IDLE
from app.core import access
from app.core.errors import N_, Forbidden, Malformed
from app.core.runtime import runtime
from app.core.settings import Settings

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - recognised here, not bound to
FOREIGN = N_("This request came from another site.")
WRONG_HOST = N_("This address is not one of this service's.")
DIRTY = N_("The request holds a NUL character.")

csrf = CSRFProtect()


def trusted_hosts(settings: Settings) -> frozenset[str] | None:
    """The names under which pages are served: that of PUBLIC_URL, the one listened on, and loopback, where health
    checks and `make run` call; a page of another site cannot bear a loopback name. None, which takes any: nobody said
    the name, and the server listens on every address."""
    public = urlsplit(settings.public_url).hostname or ""
    if public in ANY_ADDRESS:
        return None
    own = () if settings.host in ANY_ADDRESS else (settings.host,)
    return frozenset(_bracketed(host) for host in (public, *own)) | frozenset(LOOPBACK)


def init_app(app: Flask) -> None:
    app.config.update(
        WTF_CSRF_TIME_LIMIT=int(IDLE.total_seconds()),
        # Referer is absent on token pages (no-referrer); Sec-Fetch-Site says the same and cannot be left out by a page
        WTF_CSRF_SSL_STRICT=False,
    )
    app.before_request(_check(trusted_hosts(runtime(app).settings)))
    csrf.init_app(app)


def register_api(app: Flask, *resources: Blueprint) -> None:
    """Resources take bearer tokens only, which no browser sends by itself: a CSRF token would guard nothing."""
    for resource in resources:
        app.register_blueprint(resource)
        csrf.exempt(resource)


def _check(hosts: frozenset[str] | None) -> Callable[[], None]:
    def check() -> None:
        if not access.is_page_request():
            return
        if hosts is not None and access.asked_host() not in hosts and not access.is_health_check():
            raise Malformed(WRONG_HOST)
        if access.is_from_elsewhere():
            raise Forbidden(FOREIGN)
        if access.has_nul():
            raise Malformed(DIRTY)

    return check


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host.lower()
