"""Quick add: a card for a contact that is found by typing, or for a new one."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.core.db import db
from app.funnels.cards import service
from app.funnels.models import Card, Funnel, Stage
from tests.funnels.cards.conftest import Deal
from tests.people import HTMX, Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def cards_of(deal: Deal) -> list[Card]:
    """Beside Ana's."""
    with deal.app.app_context():
        return list(db.session.scalars(select(Card).where(Card.id != deal.id)))


def test_a_column_and_a_page_begin_with_the_search(operator: Browser, deal: Deal) -> None:
    url = f"{deal.board}/cards/new?stage={deal.stages['talking']}"

    part, whole = operator.get(url, headers=HTMX).text, operator.get(url).text

    assert part.lstrip().startswith(f'<section class="cards-quick" id="cards-quick-{deal.stages["talking"]}"')
    assert "autofocus" in part
    assert "<!doctype html>" in whole
    assert operator.get(f"{deal.board}/cards/new").status_code == 200


def test_contacts_are_found_by_name_phone_and_address(operator: Browser, deal: Deal) -> None:
    deal.add("Bruno <b>Conceição</b>", phoneNumber="(11) 98765-4321", email="bruno@loja.com.br")

    def found(text: str) -> str:
        return operator.get(f"{deal.board}/cards/contacts", query_string={"q": text}, headers=HTMX).text

    for text in ("conceicao", "98765", "bruno@loja", "br"):
        assert "Bruno &lt;b&gt;" in found(text), text
    assert "Tem um cartão aberto em Novo" in found("ana")
    assert deal.url in found("ana")
    assert "Ninguém encontrado" in found("zzz")
    assert "<button" not in found("  ")


def test_odd_searches_find_nobody(operator: Browser, deal: Deal) -> None:
    for text in ("x" * 6000, "%\\_'\"<script>alert(1)</script>", "\u202e", "9" * 400, "()", "٣٣٣", "a b c d e f g h"):
        answer = operator.get(f"{deal.board}/cards/contacts", query_string={"q": text}, headers=HTMX)
        assert answer.status_code == 200
        assert "<button" not in answer.text
        assert "<script>alert" not in answer.text


def test_a_contact_that_was_picked_gets_a_card_and_the_form_is_empty_again(operator: Browser, deal: Deal) -> None:
    bruno = deal.add("Bruno")
    typed = {"contact": bruno, "stage": deal.stages["talking"], "value": "1.500", "q": "bru"}

    answer = operator.submit(f"{deal.board}/cards", typed, htmx=True)

    [card] = cards_of(deal)
    assert (card.contact_id, card.stage_id, card.value) == (bruno, deal.stages["talking"], Decimal(1500))
    assert card.owner_id == operator.person.id  # nobody owned the contact
    assert answer.headers["HX-Trigger"] == "funnel-changed"
    assert answer.headers["HX-Retarget"] == f"#cards-quick-{deal.stages['talking']}"
    assert "autofocus" in answer.text
    assert "Bruno" not in answer.text.split("toasts")[0]


def test_a_new_contact_comes_with_its_card_or_not_at_all(operator: Browser, deal: Deal) -> None:
    typed = {"stage": deal.stages["new"], "name": " Carla ", "phone": "(11) 91234-5678"}

    refused = operator.submit(f"{deal.board}/cards", {**typed, "value": "muito"}, htmx=True)
    made = operator.submit(f"{deal.board}/cards", typed)
    again = operator.submit(f"{deal.board}/cards", {**typed, "name": "Carla Dias"}, htmx=True)
    empty = operator.submit(f"{deal.board}/cards", {"stage": deal.stages["new"]}, htmx=True)

    [card] = cards_of(deal)
    assert (refused.status_code, made.location) == (422, f"{deal.board}/cards/{card.id}")
    assert "Carla" in refused.text
    assert again.status_code == 422
    assert all(text in again.text for text in ("Já existe um contato", str(card.id), "Carla Dias"))
    assert empty.status_code == 422
    assert "is-invalid" in empty.text


def test_a_contact_who_is_there_already_is_offered(operator: Browser, deal: Deal) -> None:
    bruno = deal.add("Bruno", phoneNumber="(11) 98765-4321")

    offered = operator.submit(f"{deal.board}/cards", {"name": "B", "phone": "11 8765-4321"}, htmx=True)

    assert re.search(rf'name="contact" value="{bruno}"', offered.text)
    assert cards_of(deal) == []


def test_a_second_open_card_is_refused_with_the_way_to_the_first(operator: Browser, deal: Deal) -> None:
    for htmx in (True, False):
        refused = operator.submit(f"{deal.board}/cards", {"contact": deal.contact}, htmx=htmx)
        assert refused.status_code == 422
        assert f'href="{deal.url}"' in refused.text


def test_what_is_not_there_or_not_theirs_is_refused(
    operator: Browser, viewer: Browser, other_admin: Browser, deal: Deal
) -> None:
    def post(by: Browser, **typed: Any) -> int:
        return by.submit(f"{deal.board}/cards", typed, htmx=True).status_code

    bruno = deal.add("Bruno")
    assert post(operator, contact=uuid4()) == post(operator, contact="x") == 422
    assert post(operator, contact=bruno, value="1e999") == 422
    assert post(operator, contact=bruno, stage="x") == post(operator, contact=bruno, stage=uuid4()) == 404
    assert post(viewer, contact=bruno) == 403
    assert post(other_admin, contact=bruno) == 404
    for path in ("new", "contacts?q=bruno"):
        answers = [by.get(f"{deal.board}/cards/{path}", headers=HTMX).status_code for by in (viewer, other_admin)]
        assert answers == [403, 404]
    assert cards_of(deal) == []


def test_the_page_of_a_contact_shows_its_deals_and_adds_it_to_a_funnel(
    operator: Browser, viewer: Browser, deal: Deal
) -> None:
    bruno = deal.add("Bruno")
    page = operator.get(f"/contacts/{bruno}").text
    added = operator.submit("/funnels/cards", {"contact": bruno, "stage": deal.stages["talking"]}, htmx=True)
    twice = operator.submit("/funnels/cards", {"contact": bruno, "stage": deal.stages["new"]}, htmx=True)
    plain = operator.submit("/funnels/cards", {"contact": bruno, "stage": deal.stages["new"]})
    lost = operator.submit("/funnels/cards", {"contact": bruno, "stage": deal.stages["lost"]})

    [card, closed] = cards_of(deal)
    assert "Em nenhum funil" in page
    assert "Vendas: Conversando" in added.text or "Vendas: " in added.text
    assert (twice.status_code, plain.location) == (422, f"{deal.board}/cards/{card.id}")
    assert (lost.location, closed.state) == (f"/contacts/{bruno}", "lost")
    shown = viewer.get(f"/contacts/{bruno}").text
    assert f"{deal.board}/cards/{card.id}" in shown
    assert "Adicionar a um funil" not in shown
    assert "Adicionado a um funil" in shown


def test_only_stages_and_contacts_that_are_there_are_added(
    operator: Browser, viewer: Browser, other_admin: Browser, deal: Deal
) -> None:
    bruno, stage = deal.add("Bruno"), deal.stages["new"]
    posts = [
        (viewer, bruno, stage, 403),
        (other_admin, bruno, stage, 404),
        (operator, uuid4(), stage, 404),
        (operator, bruno, "x", 404),
        (operator, bruno, uuid4(), 404),
    ]
    for by, contact, where, status in posts:
        assert by.submit("/funnels/cards", {"contact": contact, "stage": where}).status_code == status
    with deal.writing() as session:
        session.get_one(Funnel, deal.funnel).deleted_at = session.get_one(Stage, stage).created_at
    assert operator.submit("/funnels/cards", {"contact": bruno, "stage": stage}).status_code == 404
    assert deal.url not in operator.get(f"/contacts/{deal.contact}").text


def test_the_timeline_tells_deals_in_words_and_unknown_kinds_as_they_are(operator: Browser, deal: Deal) -> None:
    from app.contacts import timeline

    with deal.writing() as session:
        service.remove(deal.doer, deal.id)
        service.restore(deal.doer, deal.id)
        timeline.note(session.connection(), deal.actor.account_id, deal.contact, "deal.frobbed", {}, deal.actor)
        timeline.note(session.connection(), deal.actor.account_id, deal.contact, "deal.moved", {}, None)
    page = operator.get(f"/contacts/{deal.contact}").text
    for text in (
        "Removido de um funil",
        "Trazido de volta a um funil",
        "Vendas: Novo",
        "deal.frobbed",
        "Negócio movido",
    ):
        assert text in page, text
