"""The side menu: what the role may open, in the groups of the work, with the current page marked."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask, g
from flask_login import login_user

from app.core.menu import MenuItem, Viewer, add_to_menu, menu, menu_part, shown_groups
from tests.page_app import gallery_app


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    app = gallery_app(tmp_path)
    add_to_menu(
        app,
        MenuItem("tracking", "Secret", "gallery.plain", "lock", "pixels.edit", 10),
        MenuItem("overview", "Open", "gallery.live", "home", None, 1),
    )
    return app


def person(permissions: set[str]) -> SimpleNamespace:
    return SimpleNamespace(is_authenticated=True, is_active=True, get_id=lambda: "1", permissions=permissions)


def test_what_a_role_may_not_do_is_not_shown(app: Flask) -> None:
    with app.test_request_context("/"):
        assert [item.label for _title, items in shown_groups() for item in items] == ["Open", "/ui"]
        login_user(person({"pixels.edit"}))
        assert [item.label for _title, items in shown_groups() for item in items] == ["Open", "Secret", "/ui"]


def test_a_kept_menu_is_only_for_who_may_open_the_same_and_is_on_the_same_page(app: Flask) -> None:
    def printed(path: str, *permissions: str, language: str = "pt_BR") -> str:
        with app.test_request_context(path, headers={"Cookie": f"locale={language}"}):
            login_user(person(set(permissions)))
            return menu_part("layouts/_menu.html") + menu_part("layouts/_shortcuts.html")

    mine = printed("/ui/", "pixels.edit")
    assert ("Secret" in mine, printed("/ui/", "pixels.edit") == mine) == (True, True)
    assert "Secret" not in printed("/ui/")
    assert printed("/nowhere", "pixels.edit").count("aria-current") == 0 < mine.count("aria-current")
    assert "Keyboard shortcuts" in printed("/ui/", "pixels.edit", language="en")
    assert "Keyboard shortcuts" not in printed("/ui/", "pixels.edit")


def test_group_that_does_not_exist_stops_the_boot(app: Flask) -> None:
    with pytest.raises(ValueError, match="no menu group 'sells'"):
        add_to_menu(app, MenuItem("sells", "x", "gallery.index", "home"))


def test_two_pages_cannot_have_the_same_key(app: Flask) -> None:
    add_to_menu(app, MenuItem("system", "x", "gallery.index", "home", key="x"))
    with pytest.raises(ValueError, match="two pages want the key 'x'"):
        add_to_menu(app, MenuItem("system", "y", "gallery.plain", "home", key="x"))


def test_keys_and_search_are_those_of_pages_that_the_role_may_open(app: Flask) -> None:
    add_to_menu(app, MenuItem("system", "Mine", "gallery.index", "home", key="m"))
    add_to_menu(app, MenuItem("system", "Theirs", "gallery.plain", "home", "pixels.edit", key="t"))
    menu(app).search = MenuItem("system", "Find <it>", "gallery.index", "search", "pixels.edit")
    text = app.test_client().get("/ui/").text
    assert 'data-key="m"' in text
    assert "<kbd>m</kbd>" in text
    assert 'data-key="t"' not in text
    assert "<kbd>t</kbd>" not in text
    assert "Find" not in text
    menu(app).search = MenuItem("system", "Find <it>", "gallery.index", "search")
    assert 'placeholder="Find &lt;it&gt;"' in app.test_client().get("/ui/").text


def test_current_page_is_marked(app: Flask) -> None:
    assert app.test_client().get("/ui/").text.count('aria-current="page"') >= 1
    with app.test_request_context("/ui/plain"):
        assert MenuItem("system", "x", "gallery.index", "home").is_current
    with app.test_request_context("/preferences", method="POST"):
        assert not MenuItem("system", "x", "gallery.index", "home").is_current
    with app.test_request_context("/ui/plain"):
        assert not MenuItem("system", "x", "shell.preferences", "home").is_current
        assert MenuItem("system", "x", "shell.preferences", "home", also=("gallery",)).is_current


def test_shell_names_the_person_and_signs_out_by_post(app: Flask) -> None:
    app.add_url_rule("/logout", "accounts.logout", lambda: "", methods=["POST"])
    menu(app).sign_out_endpoint = "accounts.logout"
    app.before_request(lambda: setattr(g, "viewer", Viewer("Ana <b>", "Loja")))
    text = app.test_client().get("/ui/").text
    assert "Ana &lt;b&gt;" in text
    assert '<form method="post" action="/logout">' in text
