"""The shell's side menu: features register items, and a person sees those that their role may open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import Flask, current_app, render_template, request
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from app.core.access import granted, has_permission
from app.core.assets import asset_url
from app.core.i18n import locale

EXTENSION = "kalitrack.menu"
MOST_PARTS = 1_000  # of some 10 kB; there are four roles, two languages and fifty pages
GROUPS: dict[str, Any] = {
    "overview": None,
    "tracking": _l("Tracking"),
    "contacts": _l("Contacts"),
    "sales": _l("Sales"),
    "whatsapp": "WhatsApp",
    "automation": _l("Automation"),
    "system": _l("System"),
}  # in the order shown; grouped by the work people do


@dataclass(frozen=True, slots=True)
class MenuItem:
    """`permission` as in `@requires`; `label` a lazy string; `endpoint` takes no arguments; `key`: a letter that opens
    the page after `g`; `also`: blueprints whose pages belong to it."""

    group: str
    label: Any
    endpoint: str
    icon: str
    permission: str | None = None
    order: int = 100
    key: str | None = None
    also: tuple[str, ...] = ()

    @property
    def is_allowed(self) -> bool:
        return self.permission is None or has_permission(self.permission)

    @property
    def is_current(self) -> bool:
        """On any page of the item's blueprint and of `also`, or on exactly its endpoint when it has none."""
        here = request.endpoint or ""
        blueprints = {self.endpoint.rpartition(".")[0], *self.also} - {""}
        return here == self.endpoint or here.rpartition(".")[0] in blueprints


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at the page, in what the shell shows. Whoever signs people in sets `g.viewer` on each request."""

    name: str
    account: str


@dataclass(slots=True)
class Menu:
    items: list[MenuItem] = field(default_factory=list)
    profile: list[MenuItem] = field(default_factory=list)
    search: MenuItem | None = None  # a page that takes `?q=`, searched from every page
    sign_out_endpoint: str | None = None
    parts: dict[tuple[Any, ...], Markup] = field(default_factory=dict)  # as they were printed, by what they show


def menu(app: Flask | None = None) -> Menu:
    """The app's menu: `menu(app).items.append(MenuItem(…))` at start-up."""
    found: Menu = (app or current_app).extensions[EXTENSION]
    return found


def add_to_menu(app: Flask, *items: MenuItem) -> None:
    for item in items:
        if item.group not in GROUPS:
            raise ValueError(f"no menu group {item.group!r}; there are {', '.join(GROUPS)}")
        if item.key is not None and any(other.key == item.key for other in menu(app).items):
            raise ValueError(f"two pages want the key {item.key!r}")
        menu(app).items.append(item)


def shown_groups() -> list[tuple[Any, list[MenuItem]]]:
    """(title, items) of the groups that have something to show."""
    items = sorted((item for item in menu().items if item.is_allowed), key=lambda item: item.order)
    groups = [(title, [item for item in items if item.group == group]) for group, title in GROUPS.items()]
    return [(title, found) for title, found in groups if found]


def shown_shortcuts() -> list[MenuItem]:
    """The shown pages that a key opens, as the menu has them."""
    return [item for _title, items in shown_groups() for item in items if item.key]


def menu_part(template: str) -> Markup:
    """What a template prints that shows nothing but the menu. It is kept, since it is the same for all who may open the
    same, and each page would print it anew."""
    permissions = granted()
    shown = [item for item in menu().items if item.permission is None or item.permission in permissions]
    key = (
        template,
        locale(),
        tuple(item.endpoint for item in shown),
        tuple(item.endpoint for item in shown if item.is_current),
        asset_url("icons.svg"),
    )
    parts = menu().parts
    if (found := parts.get(key)) is None:
        if len(parts) >= MOST_PARTS:
            parts.clear()
        found = parts[key] = Markup(render_template(template))  # noqa: S704 - our own template escaped it
    return found


def init_app(app: Flask) -> None:
    app.extensions.setdefault(EXTENSION, Menu())
    app.jinja_env.globals.update(
        menu_groups=shown_groups, menu_shortcuts=shown_shortcuts, menu_part=menu_part, menu=menu
    )
