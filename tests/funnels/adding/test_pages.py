"""The page that puts many contacts into a funnel: the count, what is refused, and the way back."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from flask import Flask

from app.contacts import service as contacts
from app.contacts.service import Source
from app.core.access import Actor
from app.core.db import write
from app.core.ids import uuid7
from app.funnels.models import Funnel
from app.funnels.structure import service as structure
from tests.funnels.adding.conftest import make_segment
from tests.people import HTMX, Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def made(app: Flask, admin: Browser) -> tuple[str, str]:
    """The ids of a funnel and of a segment of two people."""
    actor = Actor(admin.person.account_id, admin.person.id, admin.person.email)
    with app.app_context():
        with write():
            for name in ("P <b>Ana</b>", "P Bia", "Carla"):
                contacts.create(actor, {"name": name, "tags": ["vip"] if name == "P Bia" else []}, Source.FORM)
            funnel: Funnel = structure.create(actor, {"name": "<i>Vendas</i>", "pattern": "leads"})
            id_: UUID = funnel.id
        return str(id_), str(make_segment(actor, "<u>Todos</u>"))


def test_the_count_follows_what_is_chosen(operator: Browser, made: tuple[str, str]) -> None:
    funnel, segment = made
    path = f"/funnels/{funnel}/add"
    page = operator.get(path).text
    assert ("<i>Vendas" in page, "<u>Todos" in page, "&lt;u&gt;Todos" in page) == (False, False, True)
    counts: list[tuple[dict[str, str], str]] = [
        ({"segment": segment}, "2 pessoas"),
        ({"segment": segment, "tag": "VIP"}, "1 pessoa"),
        ({"tag": "nope"}, "Escolha quem"),
        ({"segment": "x", "category": "y" * 500}, "Escolha quem"),
        ({}, "Escolha quem"),
    ]
    for query, said in counts:
        shown = operator.get(path, query_string=query, headers=HTMX).text
        assert (said in shown, shown.strip().count("<p")) == (True, 1), (query, shown)
    assert re.search(rf'selected value="{segment}"', operator.get(path, query_string={"segment": segment}).text)


def test_contacts_are_added_and_taken_off_again(
    operator: Browser, made: tuple[str, str], other_admin: Browser, viewer: Browser
) -> None:
    funnel, segment = made
    path, form = f"/funnels/{funnel}/add", {"segment": segment, "owner": "own", "value": "1.500,00"}
    for odd in ({"segment": ""}, {"segment": str(uuid7())}, {"stage": "x"}, {"owner": "x"}, {"value": "muito"}):
        answer = operator.submit(path, form | odd, htmx=True)
        assert (answer.status_code, "alert-danger" in answer.text, 'id="adding-form"' in answer.text) == (
            422, True, True,
        ), odd  # fmt: skip
    answer = operator.submit(path, form)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/funnels/{funnel}")
    board = operator.get(answer.headers["Location"]).text
    job = re.search(r'name="job" value="([^"]+)"', board)
    assert ("2 contatos adicionados." in board, job is not None) == (True, True)
    assert job is not None
    assert "2 pessoas" in (shown := operator.get(path, query_string=form, headers=HTMX).text)
    assert "2 já têm um cartão aberto aqui" in shown
    assert "Ninguém foi adicionado. 2 foram pulados" in operator.submit(path, form, follow_redirects=True).text

    assert viewer.get(path).status_code == 403
    assert other_admin.get(path).status_code == 404
    assert other_admin.submit(path, form).status_code == 404
    assert other_admin.submit("/funnels/add/undo", {"job": job[1]}).status_code == 404
    back = operator.submit("/funnels/add/undo", {"job": job[1]}, follow_redirects=True)
    assert (back.status_code, "2 cartões retirados." in back.text) == (200, True)
    again = operator.submit("/funnels/add/undo", {"job": job[1]}, follow_redirects=True)
    assert "desfazer" in again.text
    progress = operator.get(f"/jobs/{job[1]}").text
    assert f'href="/funnels/{funnel}"' in progress
