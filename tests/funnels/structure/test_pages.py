"""/funnels: list, new, settings, deletion and its undoing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import AuditEntry
from app.core.ids import uuid7
from app.core.runtime import runtime
from app.funnels.models import Funnel
from tests.people import Browser, new_account, new_user, sign_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
VENDAS = {"name": "Vendas", "description": "Da loja", "pattern": "leads"}


def all_of(app: Flask, query: Any) -> list[Any]:
    with runtime(app).engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_a_funnel_is_made_found_changed_deleted_and_brought_back(app: Flask, manager: Browser) -> None:
    assert "Ainda não há funis" in manager.get("/funnels").text
    assert "Negociação" in manager.get("/funnels/new").text
    made = manager.submit("/funnels", VENDAS)
    (id_,) = all_of(app, select(Funnel.id))[0]
    assert made.location == f"/funnels/{id_}"
    listed = manager.get("/funnels?q=VÊNDAS&sort=-updatedAt").text
    assert 'fill="#2f9e44"' in listed
    assert "Da loja" in listed
    assert "Da loja" not in manager.get("/funnels?q=outra").text

    changed = {"name": "Loja", "description": "", "reasons": "Preço\r\n\r\nPRECO\nPrazo", "version": "1"}
    assert manager.submit(f"/funnels/{id_}/edit", changed).status_code == 303
    assert all_of(app, select(Funnel.name, Funnel.reasons, Funnel.version)) == [("Loja", ["Preço", "Prazo"], 2)]
    stale = manager.submit(f"/funnels/{id_}/edit", {**changed, "name": "Outra"})
    assert (stale.status_code, "Outra pessoa alterou isto" in stale.text) == (422, True)

    assert "Nenhum cartão está nele" in manager.get(f"/funnels/{id_}/delete").text
    assert manager.submit(f"/funnels/{id_}/delete", {"confirm_name": "Vendas"}).status_code == 422
    gone = manager.submit(f"/funnels/{id_}/delete", {"confirm_name": "Loja"})
    assert "O funil Loja foi excluído" in manager.get(str(gone.location)).text
    assert manager.get(f"/funnels/{id_}/edit").status_code == 404
    manager.submit("/funnels", {**VENDAS, "name": "LOJA"})
    manager.submit(f"/funnels/{id_}/restore")
    assert "Outro funil já tem o nome dele" in manager.get("/funnels").text
    (other,) = all_of(app, select(Funnel.id).where(Funnel.deleted_at.is_(None)))[0]
    manager.submit(f"/funnels/{other}/delete", {"confirm_name": "LOJA"})
    assert manager.submit(f"/funnels/{id_}/restore").location == f"/funnels/{id_}"
    told = select(AuditEntry.action).where(AuditEntry.action.like("funnel.%")).order_by(AuditEntry.created_at)
    assert [action.removeprefix("funnel.") for (action,) in all_of(app, told)] == [
        "created", "updated", "deleted", "created", "deleted", "restored",
    ]  # fmt: skip


REFUSED: list[tuple[dict[str, str], str]] = [
    ({"name": ""}, 'id="name-error"'),
    ({"name": "x" * 81}, "No máximo 80"),
    ({"name": "vendas"}, "Já existe um funil com este nome"),
    ({"description": "x" * 501}, 'id="description-error"'),
    ({"pattern": "odd"}, 'id="pattern-error"'),
]


def test_what_makes_no_sense_is_shown_beside_its_field(app: Flask, admin: Browser) -> None:
    admin.submit("/funnels", VENDAS)
    for change, expected in REFUSED:
        answer = admin.submit("/funnels", {**VENDAS, "name": "Parcerias", **change}, htmx=True)
        assert (answer.status_code, expected in answer.text) == (422, True), change
    (id_,) = all_of(app, select(Funnel.id))[0]
    long = admin.submit(f"/funnels/{id_}/edit", {**VENDAS, "reasons": "\n".join(f"r{n}" for n in range(21))})
    assert (long.status_code, "No máximo 20 motivos" in long.text) == (422, True)


def test_managers_alone_change_strangers_find_nothing_and_thirty_days_later_it_is_gone(
    app: Flask, admin: Browser, viewer: Browser, operator: Browser, travel: Any
) -> None:
    admin.submit("/funnels", VENDAS)
    (id_,) = all_of(app, select(Funnel.id))[0]
    paths = ["/funnels/new", f"/funnels/{id_}/edit", f"/funnels/{id_}/delete"]
    for person in (viewer, operator):
        assert "Da loja" in person.get("/funnels").text
        assert [person.get(path).status_code for path in paths] == [403] * 3
        assert person.submit("/funnels", VENDAS).status_code == 403
        assert person.submit(f"/funnels/{id_}/restore").status_code == 403
    stranger = sign_in(app, new_user(app, "admin", new_account(app)))
    assert "Da loja" not in stranger.get("/funnels").text
    assert [stranger.get(path).status_code for path in paths[1:]] == [404, 404]
    assert stranger.submit(f"/funnels/{id_}/delete", {"confirm_name": "Vendas"}).status_code == 404
    admin.submit(f"/funnels/{id_}/delete", {"confirm_name": "Vendas"})
    assert stranger.submit(f"/funnels/{id_}/restore").status_code == 404
    assert "Restaurar" not in viewer.get("/funnels").text
    assert admin.get(f"/funnels/{uuid7()}/edit").status_code == 404
    travel(timedelta(days=31))
    assert sign_in(app, admin.person).submit(f"/funnels/{id_}/restore").status_code == 404
