"""Opens beside events on the overview: shown once there are any, and the same as on their own page."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.opens.opens_fixtures import APPLE, loads
from tests.people import Browser, asking_again
from tests.tracking_fixtures import ASYNC, META_PURCHASE, Sender

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
CARD = re.compile(r'<a href="(/opens/log[^"]+)" class="stretched-link text-reset">([^<]+)</a>.*?mb-0">([^<]+)<', re.S)


def opened(app: Flask, *refs: str, agent: str | None = None) -> None:
    for ref in refs:
        answer = loads(app.test_client(), f"/image/logo.png?id_fatura={ref}", **({"agent": agent} if agent else {}))
        assert answer.status_code == 200


def test_an_account_without_opens_reads_nothing_of_them(viewer: Browser, sender: Sender) -> None:
    sender.post(META_PURCHASE, **ASYNC)
    text = viewer.get("/").text
    assert "/opens/log" not in text
    assert "Eventos por hora" in text


def test_opens_stand_beside_events_with_the_figures_of_their_own_page(
    app: Flask, viewer: Browser, sender: Sender
) -> None:
    sender.post(META_PURCHASE, **ASYNC)
    opened(app, "FAT1", "FAT2")
    opened(app, "FAT3", agent=APPLE)
    cards = {label: (url, value) for url, label, value in CARD.findall(viewer.get("/").text)}
    assert [cards[label][1] for label in ("Visualizações totais", "Visualizações únicas", "Automáticas")] == [
        "2",
        "2",
        "1",
    ]
    theirs = {label: (url, value) for url, label, value in CARD.findall(viewer.get("/opens").text)}
    assert {label: theirs[label] for label in cards} == cards
    assert "ref=FAT2" in viewer.get("/").text


def test_a_new_open_is_seen_by_the_live_fragment(app: Flask, viewer: Browser, sender: Sender) -> None:
    sender.post(META_PURCHASE, **ASYNC)
    opened(app, "FAT1")
    asking = asking_again(viewer.get("/").text, "/")
    assert viewer.get("/", headers=asking).status_code == 204
    opened(app, "FAT2")
    assert "ref=FAT2" in viewer.get("/", headers=asking).text


def test_whoever_sends_no_events_is_led_to_the_opens(app: Flask, viewer: Browser) -> None:
    assert "Veja quem os abre" in viewer.get("/").text
    opened(app, "FAT1")
    assert "Suas imagens de e-mail estão sendo abertas" in viewer.get("/").text


def test_the_api_tells_of_opens(app: Flask, client: Browser, viewer_token: dict[str, str]) -> None:
    answer = client.get("/api/overview?period=today", headers=viewer_token).get_json()
    assert answer["opens"] is None
    opened(app, "FAT1", "FAT1", "FAT2")
    answer = client.get("/api/overview?period=today", headers=viewer_token).get_json()
    assert answer["opens"] == {"views": 2, "uniqueViews": 2, "automaticViews": 0, "hits": 3}
    assert sum(place["views"] for place in answer["series"]) == 2
