"""The page of figures, its files and its API: who may see what, and what odd requests get."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import AuditEntry
from app.contacts import service as contacts
from app.contacts.service import Source
from app.core import clock, jobs
from app.core.access import Actor
from app.core.db import db, write
from app.core.exports import AT_ONCE
from app.core.ids import uuid7
from app.funnels.cards import moving, service
from app.funnels.cards.history import Doer
from app.funnels.cards.placing import Place
from app.funnels.figures.exporting import export
from app.funnels.figures.exporting.export import Filters, Order
from app.funnels.structure import reading
from app.funnels.structure import service as structure
from tests.jobs import run_jobs
from tests.people import HTMX, Person, bearer, new_user, sign_in
from tests.spreadsheets import rows_of_xlsx

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
API = "/api/reports/funnels"


class Made(NamedTuple):
    id: UUID
    actor: Actor
    new: UUID  # its first stage


@pytest.fixture
def funnel(app: Flask) -> Made:
    """Three cards: one won, one lost for a reason that a spreadsheet would run, one open."""
    person = new_user(app, "admin")
    actor = Actor(person.account_id, person.id, person.email)
    with app.app_context():
        with write() as session:
            found = structure.create(actor, {"name": "Vendas", "pattern": "leads"})
            new, _talking, qualified, won, lost = (one.id for one in reading.stages_of(session, found.id))
        due = clock.now().date() - timedelta(days=3)
        first, second = add(actor, found.id, "Ana", value="100.50"), add(actor, found.id, "=1+1", value="40")
        add(actor, found.id, "Caio", value="10", expectedClose=due, ownerId=actor.user_id)
        with write():
            moving.move(Doer(actor), first, Place(qualified))
            moving.move(Doer(actor), first, Place(won))
            moving.move(Doer(actor), second, Place(lost), reason="@preço")
            return Made(found.id, actor, new)


def add(actor: Actor, funnel_id: UUID, name: str, **values: Any) -> UUID:
    with write():
        person = contacts.create(actor, {"name": name}, Source.FORM)
        return service.create(Doer(actor), funnel_id, {"contactId": person.id, **values}).id


def rows_of(raw: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_the_page_shows_the_figures_to_everybody_who_may_look(app: Flask, funnel: Made) -> None:
    viewer = sign_in(app, new_user(app, "viewer", funnel.actor.account_id))
    page = viewer.get(f"/funnels/{funnel.id}/figures").text
    for said in ("R$\xa0100,50", "50,0%", "@preço", "Atrasados"):
        assert said in page
    assert "report.csv" not in page
    assert "/figures/export" not in page
    with app.app_context(), write():
        empty = structure.create(funnel.actor, {"name": "Vazio"}).id
    assert "Nenhum cartão ainda" in viewer.get(f"/funnels/{empty}/figures").text
    assert viewer.get(f"/funnels/{funnel.id}/figures/report.csv").status_code == 403
    assert viewer.submit(f"/funnels/{funnel.id}/figures/export", {"format": "csv"}).status_code == 403


def test_odd_and_hostile_addresses_are_answered(app: Flask, funnel: Made, manager: Any, other_account: Person) -> None:
    url = f"/funnels/{funnel.id}/figures"
    for query in (
        "?from=9999-12-31&to=0001-01-01", "?from=x", "?period=9d", "?owner=x", f"?owner={uuid7()}",
        f"?owner={other_account.id}", "?owner=none&period=today", "?from=2100-12-31&to=2100-12-31",
        "?from=1970-01-01&to=1970-01-02",
        "?id=1&_external=1&endpoint=x", "?from=2026-01-01T10:30&to=2026-01-01T11:00", "?compare=none",
    ):  # fmt: skip
        assert manager.get(url + query, headers=HTMX).status_code == 200, query
    assert manager.get(f"{url}/report.csv?from=x&owner=x").status_code == 200
    stranger = sign_in(app, other_account)
    for path in (url, f"{url}/report.csv", f"/funnels/{uuid7()}/figures", "/funnels/x/figures"):
        assert stranger.get(path).status_code == 404
    assert stranger.submit(f"{url}/export", {"format": "csv"}).status_code == 404


def test_the_figures_as_a_file_run_nothing(funnel: Made, manager: Any) -> None:
    rows = rows_of(manager.get(f"/funnels/{funnel.id}/figures/report.csv").data)
    assert ["Perdidos por motivo", "'@preço", "Cartões", "1"] in rows
    assert ["Previsão", "Atrasados", "Valor", "10,00"] in rows


def test_cards_are_taken_along_by_filters_and_it_is_on_record(app: Flask, funnel: Made, manager: Any) -> None:
    url = f"/funnels/{funnel.id}/figures/export"
    rows = rows_of(manager.submit(url, {"format": "csv", "state": "lost"}).data)
    assert [row[1:2] + row[5:8] + row[12:13] for row in rows[1:]] == [
        ["'=1+1", "Perdido", "Perdido", "40,00", "'@preço"]
    ]
    given = {"format": "xlsx", "owner": str(funnel.actor.user_id), "stage": str(funnel.new), "from": "2026-01-01"}
    xlsx: list[list[Any]] = rows_of_xlsx(manager.submit(url, given).data)
    assert [row[1] for row in xlsx[1:]] == ["Caio"]
    for wrong in (
        {"state": "gone"},
        {"stage": str(uuid7())},
        {"owner": "x"},
        {"from": "9999-99-99"},
        {"format": "pdf"},
    ):
        assert manager.submit(url, {"format": "csv", **wrong}).status_code == 303
    with app.app_context():
        last = db.session.scalars(
            select(AuditEntry).where(AuditEntry.action == "cards.exported").order_by(AuditEntry.id)
        ).all()
        assert [one.changes and one.changes["rows"][1] for one in last] == [1, 1]


def test_many_cards_are_taken_along_by_a_job(app: Flask, funnel: Made) -> None:
    order = Order(
        funnel.actor.account_id, funnel.id, "csv", "America/Sao_Paulo", "pt_BR", filters=Filters(state="open")
    )
    assert (export.is_small(AT_ONCE), export.is_small(AT_ONCE + 1)) == (True, False)
    with app.app_context(), write() as session:
        id_ = export.start(session, funnel.actor, order, 1)
    run_jobs(app)
    with app.app_context():
        job = jobs.get(db.session(), funnel.actor.account_id, id_)
        assert (job.state, job.result, job.filename) == ("done", {"rows": 1, "cut": False}, "cartoes.csv")


def test_the_api_tells_the_same(app: Flask, client: FlaskClient, funnel: Made, other_account: Person) -> None:
    viewer = bearer(app, new_user(app, "viewer", funnel.actor.account_id))
    (row,) = client.get(API, headers=viewer).get_json()["funnels"]
    assert row == {
        "funnelId": str(funnel.id), "name": "Vendas", "openCards": 1, "openValue": 10.0, "winRate": 0.5,
        "won": {"count": 1, "value": 100.5}, "lost": {"count": 1, "value": 40.0},
    }  # fmt: skip
    found = client.get(f"{API}?funnelId={funnel.id}&period=7d", headers=viewer).get_json()["report"]
    assert [(one["entered"], one["wentOn"], one["lost"]) for one in found["stages"]] == [
        (3, 1, 1),
        (0, 0, 0),
        (1, 1, 0),
    ]
    assert (len(found["days"]), found["days"][-1]["openValue"], found["days"][-1]["wonValue"]) == (7, 10.0, 100.5)
    assert found["lostByReason"] == [{"count": 1, "value": 40.0, "reason": "@preço"}]
    assert [one["when"] for one in found["forecast"]][:1] == ["overdue"]
    for query, name in (
        ("from=x", "from"), ("to=9999-12-31", "to"), ("period=9d", "period"), ("from=2020-01-01", "to"),
        (f"ownerId={other_account.id}", "ownerId"), ("ownerId=x", "ownerId"), ("since=1", "since"),
    ):  # fmt: skip
        answer = client.get(f"{API}?{query}", headers=viewer)
        assert (answer.status_code, list(answer.get_json()["fields"])) == (400, [name])
    theirs = bearer(app, other_account)
    assert client.get(API, headers=theirs).get_json()["funnels"] == []
    for id_ in (funnel.id, uuid7(), "x"):
        assert client.get(f"{API}?funnelId={id_}", headers=theirs).status_code == 404
    assert client.get(API).status_code == 401


def test_a_removed_card_leaves_the_open_value_and_stays_counted(client: FlaskClient, app: Flask, funnel: Made) -> None:
    with app.app_context():
        card = add(funnel.actor, funnel.id, "Bia", value="1000")
        with write():
            service.remove(Doer(funnel.actor), card)
    token = bearer(app, new_user(app, "viewer", funnel.actor.account_id))
    found = client.get(f"{API}?funnelId={funnel.id}&ownerId=none", headers=token).get_json()
    assert (found["funnels"][0]["openValue"], found["report"]["stages"][0]["entered"]) == (0.0, 3)
