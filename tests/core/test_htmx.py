"""One way of a page: whole or fragment, redirects that stay on this site, URLs that hostile queries cannot bend."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from app.core.htmx import SHOWN, go, is_htmx, is_shown, mark_of, page, safe_next, typed_name, unchanged, url_with
from tests.page_app import gallery_app

HTMX = {"HX-Request": "true"}


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return gallery_app(tmp_path)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, False),
        (HTMX, True),
        ({**HTMX, "HX-History-Restore-Request": "true"}, False),
        ({**HTMX, "HX-Boosted": "true"}, False),
    ],
)
def test_only_a_real_fragment_request_gets_the_fragment(app: Flask, headers: dict[str, str], expected: bool) -> None:
    answer = app.test_client().get("/ui/", headers=headers)
    assert ("<html" not in answer.text) is expected
    assert "HX-Request" in answer.headers["Vary"]


def test_flash_rides_along_with_a_fragment_and_is_shown_once(app: Flask) -> None:
    client = app.test_client()
    with client.session_transaction() as session:
        session["_flashes"] = [("success", "Salvo <b>")]
    first = client.get("/ui/", headers=HTMX).text
    assert 'hx-swap-oob="beforeend"' in first
    assert "Salvo &lt;b&gt;" in first
    assert "Salvo" not in client.get("/ui/", headers=HTMX).text


def test_change_ends_in_a_redirect_that_each_side_understands(app: Flask) -> None:
    with app.test_request_context("/"):
        answer = go("/pixels?a=1")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/pixels?a=1")
    with app.test_request_context("/", headers=HTMX):
        answer = go("/pixels?a=1")
        assert (answer.status_code, answer.headers["HX-Redirect"], answer.data) == (204, "/pixels?a=1", b"")


def test_a_live_fragment_that_would_show_the_same_is_told_so(app: Flask) -> None:
    mark = mark_of([1, "a"], None)
    assert mark != mark_of([1, "a"], 0)
    for headers, expected in [({}, False), (HTMX, False), ({**HTMX, SHOWN: mark}, True), ({SHOWN: mark}, False)]:
        with app.test_request_context("/", headers=headers):
            assert is_shown(mark) is expected
    with app.test_request_context("/", headers=HTMX):
        answer = unchanged(**{"as-of": "12:00"})
    assert (answer.status_code, answer.data, answer.headers["HX-Trigger"]) == (204, b"", '{"as-of": "12:00"}')


FOREIGN = [
    "//evil.example",
    "///evil.example",
    "https://evil.example",
    "http:/evil.example",
    "/\\evil.example",
    "\\/evil.example",
]
NO_PATHS = ["pixels", "javascript:alert(1)", "data:x", "?next=/", "#x", None, ""]
BENT = ["/\t/evil.example", "/\r\n/evil.example", "/\n\\evil.example", " //evil.example", "/\x00", "/a\x1bb", "/\x7f"]


@pytest.mark.parametrize("url", [*FOREIGN, *NO_PATHS, *BENT])
def test_foreign_target_becomes_the_start_page(url: str | None) -> None:
    assert safe_next(url) == "/"


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("/", "/"),
        ("/pixels?sort=-name&q=a%20b#x", "/pixels?sort=-name&q=a%20b#x"),
        ("/contatos/joão", "/contatos/jo%C3%A3o"),
        ("/a?next=https://evil.example", "/a?next=https://evil.example"),
        ("/a\ud800", "/a?"),
        ('/a"<b>', "/a%22%3Cb%3E"),
    ],
)
def test_path_of_this_site_is_kept_and_fits_into_a_header(url: str, safe: str) -> None:
    assert safe_next(url) == safe


def test_open_redirect_through_the_preferences_is_refused(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    answer = app.test_client().post("/preferences", data={"next": "//evil.example", "theme": "dark", "locale": "xx"})
    assert answer.headers["Location"] == "/"
    assert [cookie.split(";")[0] for cookie in answer.headers.getlist("Set-Cookie")] == ["theme=dark"]


@pytest.mark.parametrize(
    ("url", "changes", "expected"),
    [
        ("/ui/", {"page": 2}, "/ui/?page=2"),
        ("/ui/?page=2&q=a+b", {"page": None}, "/ui/?q=a+b"),
        ("/ui/?tag=1&tag=2", {"sort": "-name"}, "/ui/?tag=1&tag=2&sort=-name"),
        ("/ui/?_external=1&_scheme=javascript&_anchor=x", {}, "/ui/?_external=1&_scheme=javascript&_anchor=x"),
        ("/ui/?q=%22%3E%3Cscript%3E", {}, "/ui/?q=%22%3E%3Cscript%3E"),
        ("//evil.example/x", {"page": 2}, "/x?page=2"),
    ],
)
def test_url_with_changes_the_query_and_nothing_else(
    app: Flask, url: str, changes: dict[str, object], expected: str
) -> None:
    with app.test_request_context(url):
        assert url_with(**changes) == expected


def test_thing_is_deleted_only_when_its_name_was_typed(app: Flask) -> None:
    with app.test_request_context("/", method="POST", data={"confirm_name": " Loja "}):
        assert typed_name("Loja")
        assert not typed_name("loja")
    with app.test_request_context("/", method="POST"):
        assert not typed_name("Loja")


def test_status_and_fragment_of_a_refused_form(app: Flask) -> None:
    with app.test_request_context("/", headers=HTMX):
        assert is_htmx()
        answer = page("errors/page.html", fragment="errors/_alert.html", status=422, message="Não <b>")
        assert (answer.status_code, "<html" in answer.get_data(as_text=True)) == (422, False)
        assert "Não &lt;b&gt;" in answer.get_data(as_text=True)
