"""One way of a page: the same URL answers a whole page or, to htmx, its fragment; changes end in a redirect."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from flask import Flask, Response, flash, make_response, render_template, request, session
from markupsafe import Markup

from app.core.i18n import locale

SHOWN = "X-Shown"  # what a live fragment shows already, by its mark
DROPPED_BY_BROWSERS = re.compile(r"[\t\r\n]")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
URL_CHARACTERS = "/?#[]@!$&'()*+,;=:%~"  # left as they are; all else would not fit into a header


def is_htmx() -> bool:
    """Whether htmx asks for a fragment. A history restore or a boosted link wants the whole page."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-History-Restore-Request") != "true"
        and headers.get("HX-Boosted") != "true"
    )


def page(template: str, *, fragment: str | None = None, status: int = 200, **context: Any) -> Response:
    """Renders `template`, or `fragment` when htmx asks and there is one. Waiting flashes ride along with a fragment
    out of band, so that they are seen without a reload."""
    if fragment is not None and is_htmx():
        body = render_template(fragment, **context)
        if "_flashes" in session:
            body += render_template("layouts/_flashes.html", out_of_band=True)
    else:
        body = render_template(template, **context)
    response = make_response(body, status)
    response.vary.add("HX-Request")
    return response


def live(url: str, seconds: int, mark: str | None = None) -> Markup:
    """In a template, the attributes of a fragment that asks for itself again every `seconds` while somebody looks.
    With the `mark` of what it shows, the answer is 204 while that is still so."""
    attributes = Markup('hx-get="{}" hx-trigger="refresh" data-refresh="{}"').format(url, seconds)
    return attributes + (Markup(' hx-headers="{}"').format(json.dumps({SHOWN: mark})) if mark else "")


def mark_of(*shown: object) -> str:
    """A short mark of all that a live fragment says, its language included; `shown` are values whose repr tells them
    apart. Forms and their tokens are no part of it."""
    return sha256(repr((locale(), shown)).encode()).hexdigest()[:16]


def is_shown(mark: str) -> bool:
    """Whether the live fragment that asks shows just this already, so that `unchanged()` is the answer."""
    return is_htmx() and request.headers.get(SHOWN) == mark


def unchanged(**news: Any) -> Response:
    """204: htmx leaves everything as it stands. `news` reaches the page's script as events, by name."""
    response = make_response("", 204)
    if news:
        response.headers["HX-Trigger"] = json.dumps(news)
    response.vary.add("HX-Request")
    return response


def go(url: str) -> Response:
    """Ends a change: 303, or for htmx 204 with HX-Redirect. `url` outside this site becomes the start page."""
    target = safe_next(url)
    response = make_response("", 204 if is_htmx() else 303)
    response.headers["HX-Redirect" if is_htmx() else "Location"] = target
    response.vary.add("HX-Request")
    return response


def safe_next(url: str | None, fallback: str = "/") -> str:
    """`url` if it is a path of this site, else `fallback`. Reads it as a browser does, which drops tab, CR and LF
    anywhere and takes a backslash for a slash, so that `/\\evil.example` and `/<tab>/evil.example` are refused."""
    seen = DROPPED_BY_BROWSERS.sub("", (url or "").strip()).replace("\\", "/")
    if not seen.startswith("/") or seen.startswith("//") or CONTROL.search(seen):
        return fallback
    try:
        parts = urlsplit(seen)
    except ValueError:
        return fallback
    return fallback if parts.scheme or parts.netloc else quote(seen, safe=URL_CHARACTERS, errors="replace")


def notify(message: str, tone: str = "success") -> None:
    """A flash message; tones are those of the toasts: success, info, warning, danger."""
    flash(message, tone)


def typed_name(name: str) -> bool:
    """Whether the danger zone's box (`confirm_name`) holds the name of the thing."""
    return request.form.get("confirm_name", "").strip() == name.strip()


def typed_version(text: str | None) -> int | None:
    """The version that a form was opened with, from its hidden field; None for what is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def url_with(**changes: Any) -> str:
    """The current URL with some query parameters replaced; None or an empty text removes one. Built by hand, because
    `url_for` would obey a hostile `?_external=1&_scheme=…`."""
    query = request.args.to_dict(flat=False)
    query |= {name: [] if value is None else [str(value)] for name, value in changes.items()}
    pairs = [(name, value) for name, values in query.items() for value in values if value]
    path = "/" + quote((request.script_root + request.path).lstrip("/"))
    return f"{path}?{urlencode(pairs)}" if pairs else path


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(url_with=url_with, is_htmx=is_htmx, live=live)
