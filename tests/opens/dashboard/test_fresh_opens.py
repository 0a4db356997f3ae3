"""From no open to the first, and from one look to the next: what a live fragment is told."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from app.opens.links import tag
from tests.opens.opens_fixtures import APPLE, loads, upload
from tests.people import HTMX, Browser, asking_again

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
LIVE = [("/opens", "opens-overview"), ("/opens/live", "opens-live")]


def test_without_an_open_it_teaches_the_tag(app: Flask, manager: Browser, viewer: Browser) -> None:
    public = "http://127.0.0.1:5001"
    dot = tag(f"{public}/image/open.gif?id_fatura=[ID]")
    text = manager.get("/opens").text
    assert dot.replace("<", "&lt;").replace('"', "&#34;").replace(">", "&gt;") in text
    assert 'href="/images/new"' in text
    assert 'href="/images/new"' not in viewer.get("/opens").text
    id_ = upload(app, file="oferta.png")
    text = manager.get("/opens/live").text
    assert "/image/oferta.png?id_fatura=[ID]" in text
    assert f'href="/images/{id_}"' in text


def test_the_first_open_opens_the_dashboard(app: Flask, viewer: Browser) -> None:
    assert viewer.get("/opens?waiting=1", headers=HTMX).status_code == 204
    assert loads(app.test_client()).status_code == 200
    assert viewer.get("/opens?waiting=1", headers=HTMX).headers["HX-Redirect"] == "/opens"


@pytest.mark.parametrize(("url", "root"), LIVE)
def test_nothing_new_is_a_204_and_an_open_is_seen(app: Flask, viewer: Browser, url: str, root: str) -> None:
    loads(app.test_client())
    asking = asking_again(viewer.get(url).text, url)
    still = viewer.get(url, headers=asking)
    if still.status_code == 200:  # the minute went by in between, and with it the picture of the last thirty
        asking = asking_again(still.text, url)
        still = viewer.get(url, headers=asking)
    assert (still.status_code, still.data) == (204, b"")
    assert re.fullmatch(r'\{"as-of": "\d\d:\d\d:\d\d"\}', still.headers["HX-Trigger"])
    loads(app.test_client(), "/image/logo.png?id_fatura=FAT777")
    changed = viewer.get(url, headers=asking)
    assert changed.status_code == 200
    assert changed.text.lstrip().startswith(f'<div id="{root}"')
    assert "FAT777" in changed.text


def test_a_machine_changes_the_figures_but_not_the_views(app: Flask, viewer: Browser) -> None:
    loads(app.test_client())
    loads(app.test_client(), "/image/logo.png?id_fatura=FAT9", agent=APPLE)
    viewer.set_cookie("locale", "en")
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", viewer.get("/opens/live").text))
    assert "Views today 1 " in said
    assert "Automatic today 1 " in said


def test_what_senders_write_is_escaped(app: Flask, viewer: Browser) -> None:
    loads(app.test_client(), "/image/logo.png?id_fatura=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
    loads(app.test_client(), "/image/%3Cb%3E.png?id_fatura=FAT1")
    for url in ("/opens", "/opens/live", "/"):
        text = viewer.get(url).text
        assert "<img" not in text
        assert "<b>" not in text
