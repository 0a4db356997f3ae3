"""/segments: list, form, detail and deletion; all of it without a script."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.contacts.segments import service
from app.contacts.segments.models import Segment
from app.core.access import Actor
from app.core.db import db, write
from tests.contacts.segments.conftest import ANAS
from tests.people import HTMX, Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ROW = {"row-0-group": "0", "row-0-field": "name", "row-0-op": "starts", "row-0-value": "Ana"}
FORM = {"name": "Anas", "match": "all", **ROW}
TWO = {"group-1-match": "any", "row-1-group": "1", "row-1-field": "whatsappConsent", "row-1-op": "is"}


def made(app: Flask, browser: Browser, rule: Any = ANAS, **values: Any) -> str:
    actor = Actor(browser.person.account_id, browser.person.id, browser.person.email)
    with app.test_request_context(), write():
        return str(service.create(actor, {"name": "Anas", "rule": rule, **values}).id)


def test_a_segment_is_created_listed_changed_and_deleted(app: Flask, manager: Browser) -> None:
    assert "Ainda não há segmentos" in manager.get("/segments").text
    answer = manager.submit("/segments", {**FORM, **TWO, "row-1-value": "granted"})
    shown = manager.get(answer.location).text
    url = answer.location
    form = manager.get(f"{url}/edit").text
    saved = manager.submit(f"{url}/edit", {**FORM, "name": "Sem Ana", "row-0-op": "!starts", "version": "1"})
    listed = manager.get("/segments?q=sem&sort=-updatedAt", headers=HTMX).text

    assert (answer.status_code, saved.status_code) == (303, 303)
    assert "Nome: começa com “Ana”" in shown
    assert 'value="granted" selected' in form
    assert "Nome: não começa com “Ana”" in listed
    assert listed.lstrip().startswith('<div id="segments-rows"')
    assert manager.submit(f"{url}/delete", {"confirm_name": "Anas"}).status_code == 422
    assert manager.submit(f"{url}/delete", {"confirm_name": "Sem Ana"}).status_code == 303
    assert manager.get(url).status_code == 404


def test_rows_and_groups_come_and_go_with_what_was_typed(manager: Browser) -> None:
    def sent(**more: str) -> str:
        answer = manager.submit("/segments", {**FORM, **more}, htmx=True)
        assert answer.status_code == 200
        return answer.text

    assert all(text in sent(add_row="0") for text in ('name="row-1-field"', 'value="Ana"', 'value="Anas"'))
    assert 'name="group-1-match"' in sent(add_group="1")
    assert 'name="row-1-field"' not in sent(**TWO, remove_group="1")
    assert 'name="row-0-field"' not in sent(remove_row="0")
    assert 'type="date"' in sent(redraw="1", **{"row-0-field": "createdAt", "row-0-op": "before", "row-0-value": ""})
    assert 'type="number"' in sent(redraw="1", **{"row-0-field": "createdAt", "row-0-op": "starts"})
    assert "<strong>Ninguém</strong>" in sent(count="1")


WRONG: list[tuple[dict[str, str], str]] = [
    ({"name": ""}, 'id="name-error"'),
    ({"row-0-value": ""}, 'id="row-0-value-error"'),
    ({"row-0-field": "custom:gone"}, 'id="row-0-field-error"'),
    ({"row-0-field": ""}, "pelo menos uma condição"),
    ({**TWO, "row-1-value": "maybe"}, 'id="row-1-value-error"'),
    ({"row-0-field": "phone", "row-0-op": "!contains", "row-0-value": "x"}, 'id="row-0-value-error"'),
]


def test_a_wrong_form_comes_back_with_its_messages(manager: Browser) -> None:
    for wrong, mark in WRONG:
        answer = manager.submit("/segments", {**FORM, **wrong}, htmx=True)
        assert (answer.status_code, mark in answer.text) == (422, True), wrong


def test_an_odd_form_is_never_a_fault(manager: Browser) -> None:
    odd = {
        **{f"row-{number}-field": "name" for number in range(400)},
        **{f"group-{number}-match": "x" for number in range(40)},
        "row-²-field": "name",
        "row-0-group": "999",
        "row-1-op": "!!boom",
        "row-2-value": "x" * 10_000,
        "match": "[]",
    }
    for more in ({}, {"add_row": "²"}, {"remove_row": "-1"}, {"remove_group": "0"}, {"add_group": "1"}):
        assert manager.submit("/segments", {**odd, **more}).status_code in (200, 422)
    assert manager.submit("/segments/count", odd).status_code == 200


def test_a_deep_rule_is_shown_in_words_and_its_name_changes(app: Flask, manager: Browser) -> None:
    deep = {"not": {"all": [ANAS, {"any": [ANAS, {"field": "lastInboundAt", "op": "never"}]}]}}
    id_ = made(app, manager, deep)
    form = manager.get(f"/segments/{id_}/edit").text
    saved = manager.submit(f"/segments/{id_}/edit", {"name": "Fundo", "version": "1"})

    assert "Nada disto:" in form
    assert 'name="match"' not in form
    assert saved.status_code == 303
    with app.app_context():
        kept = db.session.query(Segment).one()
        assert (kept.name, kept.rule) == ("Fundo", deep)


def test_a_stale_form_and_a_taken_name_are_told(app: Flask, manager: Browser) -> None:
    id_, other = made(app, manager), made(app, manager, name="Outro")
    stale = manager.submit(f"/segments/{id_}/edit", {**FORM, "name": "Novo", "version": "9"})
    taken = manager.submit(f"/segments/{other}/edit", {**FORM, "version": "1"})

    assert (stale.status_code, "Outra pessoa alterou" in stale.text) == (422, True)
    assert (taken.status_code, 'id="name-error"' in taken.text) == (422, True)


def test_a_viewer_reads_without_values_of_people_and_writes_nothing(
    app: Flask, manager: Browser, viewer: Browser
) -> None:
    id_ = made(app, manager, {"field": "email", "op": "contains", "value": "ana.secret"})
    shown = viewer.get(f"/segments/{id_}").text + viewer.get("/segments").text

    assert "secret" not in shown
    assert "/edit" not in shown
    assert viewer.get(f"/segments/{id_}/edit").status_code == 403
    assert viewer.submit("/segments/count", FORM).status_code == 403
    assert viewer.submit("/segments", FORM).status_code == 403
