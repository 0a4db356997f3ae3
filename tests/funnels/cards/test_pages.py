"""The panel of a card: what it shows, what may be changed on it and by whom."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from app.contacts import service as contacts
from app.core.access import Actor
from app.funnels.cards import moving, service
from app.funnels.cards.history import Doer
from app.funnels.cards.placing import Place
from app.funnels.models import Card, Funnel
from app.funnels.states import State
from tests.funnels.cards.conftest import Deal
from tests.people import HTMX, Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def form_of(deal: Deal, **values: Any) -> dict[str, Any]:
    return {"value": "10,50", "owner": "", "expected_close": "", "notes": "", "version": deal.now.version, **values}


def test_the_panel_is_a_page_and_a_fragment(operator: Browser, deal: Deal) -> None:
    whole, part = operator.get(deal.url), operator.get(deal.url, headers=HTMX)

    assert "<!doctype html>" in whole.text
    assert part.text.lstrip().startswith('<div id="cards-panel"')
    for page in (whole.text, part.text):
        assert all(text in page for text in ("Ana", "R$\xa010,50", "Salvar cartão", "Criado em", "Remover do funil"))


def test_a_card_is_changed_and_the_board_is_told(operator: Browser, deal: Deal) -> None:
    typed = form_of(
        deal, value="R$ 1.234,50", owner=str(operator.person.id), expected_close="2026-12-24", notes="Oi\r\nvocê"
    )

    answer = operator.submit(deal.url, typed, htmx=True)

    card = deal.now
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, "funnel-changed")
    assert (card.value, card.owner_id, card.expected_close, card.notes) == (
        Decimal("1234.50"),
        operator.person.id,
        date(2026, 12, 24),
        "Oi\nvocê",
    )
    assert 'name="version" value="2"' in answer.text
    assert 'id="cards-head" hx-swap-oob' in answer.text


def test_what_cannot_be_kept_is_refused_in_words_and_stays_typed(operator: Browser, deal: Deal) -> None:
    refused = {
        "value": ("1e999", "NaN", "1.2.3,4", "-5", "9" * 29, "9" * 200_000),
        "expected_close": ("0000-00-00", "ontem", "9999-12-31"),
        "owner": ("nobody", str(uuid4())),
        "notes": ("x" * 10_001, "\x07"),
    }
    for field, typed in [(field, typed) for field, values in refused.items() for typed in values]:
        answer = operator.submit(deal.url, form_of(deal, **{field: typed}), htmx=True)
        assert answer.status_code == 422, (field, typed[:20])
        assert "is-invalid" in answer.text, (field, typed[:20])
        assert field in ("owner", "notes") or typed in answer.text
    assert operator.submit(deal.url, form_of(deal, notes="x" * 1_000_000)).status_code == 413
    assert deal.now.version == 1


def test_who_was_slower_sees_what_stands_there_now_and_loses_nothing(operator: Browser, deal: Deal) -> None:
    typed = form_of(deal, notes="Ligar na terça")
    with deal.writing():
        service.update(deal.doer, deal.id, {"value": "99", "notes": "Já ligou"})

    first = operator.submit(deal.url, typed)
    second = operator.submit(deal.url, {**typed, "version": 2}, htmx=True)

    assert first.status_code == 409
    assert all(text in first.text for text in ("Ligar na terça", "Já ligou", "R$\xa099,00", 'name="version" value="2"'))
    assert (second.status_code, deal.now.notes) == (200, "Ligar na terça")


def test_who_types_while_the_card_is_dragged_saves_all_the_same(operator: Browser, deal: Deal) -> None:
    typed = form_of(deal, notes="Ligar na terça")
    with deal.writing():
        for stage in ("talking", "qualified", "qualified"):
            moving.move(deal.doer, deal.id, Place(deal.stages[stage]))

    assert operator.submit(deal.url, typed, htmx=True).status_code == 200
    assert (deal.now.notes, deal.now.version) == ("Ligar na terça", 5)


def test_a_deal_is_won_reopened_and_lost_with_a_reason(operator: Browser, deal: Deal) -> None:
    def go_to(stage: str, **more: str) -> int:
        form = {"stage": deal.stages[stage], "version": deal.now.version, **more}
        return operator.submit(f"{deal.url}/stage", form, htmx=True).status_code

    assert (go_to("won"), deal.now.state) == (200, State.WON)
    assert (go_to("new"), deal.now.state) == (200, State.OPEN)
    assert (go_to("lost"), deal.now.state) == (422, State.OPEN)
    assert (go_to("lost", reason="", other_reason="Mudou de cidade"), deal.now.state) == (200, State.LOST)
    page = operator.get(deal.url).text
    assert all(text in page for text in ("Mudou de cidade", "Ganho: De", "Reaberto: De", "Perdido: De", "Reabrir em"))


def test_a_refused_move_says_why_and_keeps_the_stage_that_was_chosen(operator: Browser, deal: Deal) -> None:
    refused = operator.submit(f"{deal.url}/stage", {"stage": deal.stages["lost"], "version": 1}, htmx=True)
    unknown = [operator.submit(f"{deal.url}/stage", {"stage": one}, htmx=True) for one in ("x", str(uuid4()), "")]
    with deal.writing():
        service.update(deal.doer, deal.id, {"notes": "neu"})
    stale = operator.submit(f"{deal.url}/stage", {"stage": deal.stages["won"], "version": 1}, htmx=True)

    assert "Diga por que o negócio foi perdido" in refused.text
    assert str(deal.stages["lost"]) in refused.text
    assert [one.status_code for one in unknown] == [422] * 3
    assert stale.status_code == 422
    assert "mudou enquanto isso" in stale.text
    assert 'value="2"' in stale.text


def test_without_javascript_everything_leads_back_to_the_card(operator: Browser, deal: Deal) -> None:
    for path, form in (
        ("", form_of(deal, value="7")),
        ("/stage", {"stage": deal.stages["talking"], "version": 2}),
        ("/remove", {"version": 3}),
    ):
        answer = operator.submit(deal.url + path, form)
        assert (answer.status_code, answer.location) == (303, deal.url), path
    assert "Desfazer" in operator.get(deal.url).text
    assert operator.submit(f"{deal.url}/restore").location == deal.url
    assert deal.now.removed_at is None


def test_a_removed_card_comes_back_unless_another_took_its_place(operator: Browser, deal: Deal) -> None:
    gone = operator.submit(f"{deal.url}/remove", {"version": 1}, htmx=True)
    with deal.writing():
        other = service.create(deal.doer, deal.funnel, {"contactId": deal.contact}).id
    refused = operator.submit(f"{deal.url}/restore", htmx=True)
    with deal.writing():
        service.remove(deal.doer, other)
    back = operator.submit(f"{deal.url}/restore", htmx=True)

    assert gone.headers["HX-Trigger"] == back.headers["HX-Trigger"] == "funnel-changed"
    assert "foi removido do funil" in gone.text
    assert refused.status_code == 422
    assert str(other) in refused.text
    assert back.status_code == 200
    assert "Trazido de volta ao funil" in back.text


def test_viewers_look_with_people_masked_and_change_nothing(viewer: Browser, deal: Deal) -> None:
    with deal.writing():
        contacts.update(deal.actor, deal.contact, {"phoneNumber": "(11) 98765-4321", "email": "ana@example.com"})
        service.update(deal.doer, deal.id, {"notes": "Ligar para 11 98765-4321"})
    page = viewer.get(deal.url).text
    posts = {path: viewer.submit(deal.url + path).status_code for path in ("", "/stage", "/remove", "/restore")}

    assert "•••4321" in page
    assert "98765" not in page
    assert "ana@example.com" not in page
    assert deal.actor.name not in page
    assert not any(text in page for text in ("Salvar cartão", "Marcar como"))
    assert set(posts.values()) == {403}


def test_nobody_reaches_the_cards_of_another_account(other_admin: Browser, admin: Browser, deal: Deal) -> None:
    urls = [
        deal.url,
        f"/funnels/{uuid4()}/cards/{deal.id}",
        f"/funnels/{deal.funnel}/cards/{uuid4()}",
        "/funnels/x/cards/y",
    ]

    assert other_admin.get(deal.url).status_code == 404
    assert [admin.get(url).status_code for url in urls] == [200, 404, 404, 404]
    for path in ("", "/stage", "/remove", "/restore"):
        assert other_admin.submit(deal.url + path, form_of(deal)).status_code == 404
    assert deal.now.version == 1


def test_the_history_is_told_newest_first_with_who_and_how_long(operator: Browser, deal: Deal) -> None:
    rule = Doer(Actor(deal.actor.account_id, None, "Sem resposta"), rule_id=uuid4())
    with deal.writing() as session:
        session.get_one(Card, deal.id).entered_at -= timedelta(days=3)
    with deal.writing():
        moving.move(rule, deal.id, Place(deal.stages["talking"]))
        moving.move(deal.doer, deal.id, Place(deal.stages["talking"]))  # its place only: not told
        service.update(deal.doer, deal.id, {"value": "20"})

    page = operator.get(deal.url).text

    told = ["Valor: R$\xa020,00", "depois de 3 dias · pela regra Sem resposta", "Criado em"]
    assert [page.index(text) for text in told] == sorted(page.index(text) for text in told)
    assert page.count("timeline-event-icon") == len(told) + 1  # and how the contact came


def test_the_card_of_somebody_who_was_deleted_is_gone(operator: Browser, deal: Deal) -> None:
    with deal.writing():
        contacts.delete(deal.actor, deal.contact)
    assert operator.get(deal.url).status_code == 404


def test_a_name_is_text_wherever_it_stands(operator: Browser, deal: Deal) -> None:
    with deal.writing() as session:
        contacts.get(deal.actor.account_id, deal.contact).name = "<b>Zé</b>"
        session.get_one(Funnel, deal.funnel).reasons = ["<i>caro</i>"]
    page = operator.get(deal.url).text
    assert "<b>Zé" not in page
    assert "<i>caro" not in page
