"""What surrounds every page: assets, languages, theme, menu, headers. `init_app` wires all of it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Flask, current_app, g, request
from flask.typing import ResponseReturnValue

from app.core import assets, browser_headers, gallery, htmx, i18n, menu
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
    """The switch's cookie, else `g.theme`, else what the device prefers."""
    wishes = (request.cookies.get(THEME_COOKIE), g.get("theme"))
    return next((wish for wish in wishes if wish in THEMES), "auto")


@bp.post("/preferences")
@public
def preferences() -> ResponseReturnValue:
    """Language and theme of this browser; open to all, since the sign-in page has the switches too."""
    allowed = {i18n.LOCALE_COOKIE: tuple(i18n.LOCALES), THEME_COOKIE: THEMES}
    chosen = {name: request.form[name] for name, values in allowed.items() if request.form.get(name) in values}
    response = go(request.form.get("next", "/"))
    for cookie, value in chosen.items():
        # scripts read the theme before the first paint; neither cookie is worth protecting
        response.set_cookie(cookie, value, max_age=ONE_YEAR_S, samesite="Lax", secure=request.is_secure)
    for listener in on_preferences:
        listener(chosen)
    return response


def has_csrf() -> bool:
    """Whether forms carry a token (they do in the product; a bare test app may have no CSRFProtect)."""
    return "csrf" in current_app.extensions


def init_app(app: Flask) -> None:
    settings = runtime(app).settings
    assets.init_app(app)
    browser_headers.init_app(app)
    htmx.init_app(app)
    menu.init_app(app)
    i18n.init_app(app, settings.data_dir, settings.timezone)
    app.register_blueprint(bp)
    app.jinja_env.globals.update(theme=theme, has_csrf=has_csrf, htmx_config=HTMX_CONFIG, TONE_ICONS=TONE_ICONS)
    if settings.env == "development":
        gallery.init_app(app)
