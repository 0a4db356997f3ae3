"""House rules of every template: strict CSP, safe output, icons that exist, macros that the gallery shows."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import nodes

from app import create_app
from app.core.menu import menu
from app.core.settings import Settings
from tests.each import each
from tests.page_app import ROOT, gallery_app

TEMPLATES = ROOT / "templates"
PAGES = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))
MACROS = [page for page in PAGES if page.startswith("ui/")]
ICONS = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static/icons.svg").read_text("utf-8")))
PICTURE_POSITION = {
    "icon": 0,
    "status": 2,
    "dropdown": 2,
    "dropdown_link": 2,
    "dropdown_post": 2,
    "post_button": 2,
    "button_link": 2,
    "empty": 0,
    "submit": 1,
}
INLINE_STYLE = "inline style (CSP)"  # not in letters: mail programs know no other, and none of ours carries a CSP there
FORBIDDEN = {
    INLINE_STYLE: r"<style|\sstyle\s*=",
    "inline script (CSP)": r"<script(?![^>]*\b(src=|type=\"application/json\"))",
    "inline listener (CSP)": r"\son[a-z]+\s*=|hx-on",
    "eval of htmx (CSP)": r"[\"']js:|hx-vars|hx-trigger=[\"'][^\"']*\[",
    "foreign address": r"(src|href)=[\"'](https?:)?//",
    "unescaped output": r"\|\s*safe\b|autoescape\s+false|Markup\(",
    "unquoted attribute": r"[a-z-]=\{\{",
    "link that opens a script": r"javascript:",
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return gallery_app(tmp_path_factory.mktemp("templates"))


@cache
def tree(app: Flask, page: str) -> nodes.Template:
    return app.jinja_env.parse((TEMPLATES / page).read_text("utf-8"))


@cache
def shared_macros(app: Flask) -> set[str]:
    return {macro.name for source in MACROS for macro in tree(app, source).find_all(nodes.Macro)}


@each(PAGES)
def test_template_keeps_the_house_rules(app: Flask, page: str) -> None:
    source = re.sub(r"\{#.*?#\}", "", (TEMPLATES / page).read_text("utf-8"), flags=re.S)
    allowed = {INLINE_STYLE} if page.startswith("mail/") else set()
    assert {rule for rule, pattern in FORBIDDEN.items() if re.search(pattern, source)} <= allowed
    app.jinja_env.get_template(page)


@each(PAGES)
def test_template_names_only_icons_of_the_sprite(app: Flask, page: str) -> None:
    assert named_icons(tree(app, page)) <= ICONS


def named_icons(template: nodes.Template) -> set[str]:
    found = set()
    for call in template.find_all(nodes.Call):
        position = PICTURE_POSITION.get(getattr(call.node, "name", ""))
        given = call.args[position : position + 1] if position is not None else []
        given += [keyword.value for keyword in call.kwargs if keyword.key == "picture"]
        found |= {value.value for value in given if isinstance(value, nodes.Const) and value.value}
    for pair in template.find_all(nodes.Pair):
        if isinstance(pair.key, nodes.Const) and pair.key.value == "icon" and isinstance(pair.value, nodes.Const):
            found.add(pair.value.value)
    return found


@each(PAGES)
def test_template_imports_macros_that_exist_and_uses_them(app: Flask, page: str) -> None:
    template = tree(app, page)
    names = {node.name for node in template.find_all(nodes.Name)}
    for imported in template.find_all(nodes.FromImport):
        assert isinstance(imported.template, nodes.Const)
        offered = {macro.name for macro in tree(app, imported.template.value).find_all(nodes.Macro)}
        pairs = [(name, name) if isinstance(name, str) else name for name in imported.names]
        assert {name for name, _alias in pairs} <= offered
        assert {alias for _name, alias in pairs} <= names


@each(PAGES)
def test_template_brings_every_macro_that_it_calls(app: Flask, page: str) -> None:
    template = tree(app, page)
    called = {call.node.name for call in template.find_all(nodes.Call) if isinstance(call.node, nodes.Name)}
    own = {macro.name for macro in template.find_all(nodes.Macro)}
    imported = {name for node in template.find_all(nodes.FromImport) for name in node.names if isinstance(name, str)}
    assert called & shared_macros(app) <= own | imported


@each(PAGES)
def test_macros_of_a_feature_stay_in_it_and_shared_ones_live_in_ui(app: Flask, page: str) -> None:
    sources = {node.template.value for node in tree(app, page).find_all(nodes.FromImport)}  # type: ignore[attr-defined]
    assert {source.split("/")[0] for source in sources} <= {"ui", page.split("/")[0]}


def test_gallery_shows_every_macro_that_pages_import(app: Flask) -> None:
    gallery = "".join(path.read_text("utf-8") for path in (TEMPLATES / "gallery").glob("*.html"))
    parts_of_others = {"header", "step", "row_count", "first_error", "below", "errors"}
    macros = {macro.name for page in MACROS for macro in tree(app, page).find_all(nodes.Macro)} - parts_of_others
    assert {name for name in macros if not re.search(rf"\b{name}\b", gallery)} == set()


def test_menu_names_pages_and_icons_that_exist(tmp_path: Path) -> None:
    app = create_app(Settings.load({}, data_dir=tmp_path, env="development"))
    shown = menu(app).items + menu(app).profile
    assert shown
    assert {item.icon for item in shown} <= ICONS
    assert {item.endpoint for item in shown} <= set(app.view_functions)
