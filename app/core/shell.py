"""What surrounds every page: assets, languages, theme, menu, headers. `init_app` wires all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue

from app.core import assets, browser_headers, compression, gallery, htmx, i18n, menu
from app.core.access import public
from app.core.htmx import go
from app.core.runtime import runtime

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "theme"
ONE_YEAR_S = 31_536_000

TONE_ICONS = {
    "primary": "info-circle",
    "success": "circle-check",
    "info": "info-circle",
    "warning": "alert-triangle",
    "danger": "circle-x",
    "secondary": "info-circle",
}
HTMX_CONFIG = {
    "allowEval": False,
    "allowScriptTags": False,
    "includeIndicatorStyles": False,
    "selfRequestsOnly": True,
    "historyCacheSize": 0,  # pages show personal data: none of it in the browser's storage
    "attributesToSettle": ["class", "width", "height"],  # not `style`: the CSP forbids setting it
    "timeout": 30000,
    "responseHandling": [
        {"code": "204", "swap": False},
        {"code": "[23]..", "swap": True},
        {"code": "422", "swap": True},  # the form again, with its errors
        {"code": "[45]..", "swap": True, "error": True, "target": "#toasts", "swapOverride": "beforeend"},
    ],
}

bp = Blueprint("shell", __name__)
on_preferences: list[Callable[[dict[str, str]], None]] = []  # called with what was chosen: {"theme": "dark"}


def theme() -> str:
    """`g.theme` (the signed-in person's), else the switch's cookie, else what the device prefers."""
    wishes = (g.get("theme"), request.cookies.get(THEME_COOKIE))
    return next((wish for wish in wishes if wish in THEMES), "auto")


@bp.post("/preferences")
@public
def preferences() -> ResponseReturnValue:
    """Language and theme of this browser; open to all, since the sign-in page has the switches too."""
    allowed = {i18n.LOCALE_COOKIE: tuple(i18n.LOCALES), THEME_COOKIE: THEMES}
    chosen = {name: request.form[name] for name, values in allowed.items() if request.form.get(name) in values}
    response = go(request.form.get("next", "/"))
    keep_in_browser(response, chosen)
    for listener in on_preferences:
        listener(chosen)
    return response


def keep_in_browser(response: Response, chosen: Mapping[str, str]) -> None:
    """Language and theme as cookies: what the sign-in page shows, and who has made no choice of their own."""
    for cookie, value in chosen.items():  # not worth protecting; the switch's script writes the theme itself
        response.set_cookie(cookie, value, max_age=ONE_YEAR_S, samesite="Lax", secure=request.is_secure)


def has_csrf() -> bool:
    """Whether forms carry a token (they do in the product; a bare test app may have no CSRFProtect)."""
    return "csrf" in current_app.extensions


def init_app(app: Flask) -> None:
    settings = runtime(app).settings
    compression.init_app(app)
    assets.init_app(app)
    browser_headers.init_app(app)
    htmx.init_app(app)
    menu.init_app(app)
    i18n.init_app(app, settings.data_dir, settings.timezone)
    app.register_blueprint(bp)
    app.jinja_env.globals.update(theme=theme, has_csrf=has_csrf, htmx_config=HTMX_CONFIG, TONE_ICONS=TONE_ICONS)
    if settings.env == "development":
        gallery.init_app(app)
