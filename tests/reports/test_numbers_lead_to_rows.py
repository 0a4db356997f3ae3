"""Behind each number of the overview stand exactly as many rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import clock
from app.core.db import begin_write
from app.core.runtime import runtime
from app.outbound import repair, targets
from app.outbound.models import Target
from app.simulator import Simulator
from tests.people import Browser
from tests.tracking_fixtures import ASYNC, KWAI_REGISTRATION, META_PURCHASE, Sender

CARD = re.compile(
    r'<a href="([^"]+)" class="stretched-link text-reset">([^<]+)</a>.*?<div class="h1 mb-0">([^<]+)<', re.S
)
CELL = re.compile(r'<td class="num[^"]*">\s*<a class="[a-z -]+" href="([^"]+)">([^<]+)</a>')


@pytest.fixture
def mixed(app: Flask, sender: Sender, drain: Callable[..., None], simulator: Simulator) -> None:
    """Five delivered, two failed, two tried again later, one refused by the person, one cancelled, two paused."""
    for number in range(5):
        sender.post({**(META_PURCHASE if number % 2 else KWAI_REGISTRATION), "event_id": f"good-{number}"}, **ASYNC)
    drain()
    for kind, body in (("refuse", KWAI_REGISTRATION), ("refuse", META_PURCHASE), ("error", META_PURCHASE)):
        simulator.behave(kind=kind, times=1)
        sender.post({**body, "event_id": kind}, **ASYNC)
        drain()
    sender.post({**META_PURCHASE, "event_id": "denied", "consent": {"ad_user_data": "denied"}}, **ASYNC)
    with begin_write(runtime(app).engine) as connection:
        for id_ in connection.scalars(select(Target.id)).all():
            targets.pause(connection, id_, "by hand", "user")
    answers = [sender.post({**META_PURCHASE, "event_id": f"late-{number}"}, **ASYNC) for number in range(3)]
    with begin_write(runtime(app).engine) as connection:
        ids = [answer.get_json()["request_id"].removeprefix("track_") for answer in answers[:1]]
        account_id = connection.scalar(select(Target.account_id).limit(1))
        assert account_id is not None
        assert repair.cancel(connection, account_id, [UUID(id_) for id_ in ids], clock.now())


def rows(browser: Browser, url: str) -> int:
    answer = browser.get(unescape(url))
    assert answer.status_code == 200
    return (
        len(re.findall(r"<tr[ >]", answer.text.split("<tbody>")[1].split("</tbody>")[0]))
        if "<tbody>" in answer.text
        else 0
    )


@pytest.mark.usefixtures("mixed")
def test_each_number_is_that_of_its_rows(viewer: Browser) -> None:
    text = viewer.get("/").text
    cards = {label: (url, value) for url, label, value in CARD.findall(text)}
    assert {label: cards[label][1] for label in ("Eventos", "Aguardando", "Falhas")} == {
        "Eventos": "12", "Aguardando": "3", "Falhas": "2",
    }  # fmt: skip
    for label in ("Eventos", "Aguardando", "Falhas"):
        assert rows(viewer, cards[label][0]) == int(cards[label][1]), label
    assert cards["Entrega"][1] == "50,0%"  # five of the ten that were to be sent
    assert rows(viewer, cards["Entrega"][0]) == 5
    assert rows(viewer, cards["Identificação"][0]) == 8
    counts = [(url, value) for url, value in CELL.findall(text) if value.isdigit()]
    assert len(counts) == 6  # events, queue and failures of two pixels
    for url, value in counts:
        assert rows(viewer, url) == int(value), url
