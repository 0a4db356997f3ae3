"""/categories: list, form, colours, and the end of one; who may what, and bad input."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import AuditEntry
from app.contacts.models import Category
from app.core.ids import uuid7
from app.core.runtime import runtime
from tests.people import Browser, new_account, new_user, sign_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
CLIENTES = {"name": "Clientes", "description": "Já compraram", "color": "#2f9e44", "own_color": "#206bc4"}


def all_of(app: Flask, query: Any) -> list[Any]:
    with runtime(app).engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_a_category_is_made_found_changed_and_deleted(app: Flask, manager: Browser) -> None:
    assert "Ainda não há categorias" in manager.get("/categories").text
    assert manager.submit("/categories", CLIENTES).location == "/categories"
    (id_,) = all_of(app, select(Category.id))[0]
    listed = manager.get("/categories?q=CLIÉNTES&sort=-updatedAt").text
    assert 'fill="#2f9e44"' in listed
    assert "Já compraram" in listed
    assert "Já compraram" not in manager.get("/categories?q=outra").text

    own = {**CLIENTES, "name": "Clientes fiéis", "color": "own", "own_color": "#ABCDEF", "version": "1"}
    assert manager.submit(f"/categories/{id_}/edit", own).status_code == 303
    assert all_of(app, select(Category.name, Category.color, Category.version)) == [("Clientes fiéis", "#abcdef", 2)]
    assert 'value="#abcdef"' in manager.get(f"/categories/{id_}/edit").text

    assert "Nenhum contato está nela" in manager.get(f"/categories/{id_}/delete").text
    assert manager.submit(f"/categories/{id_}/delete", {"confirm_name": "Clientes"}).status_code == 422
    assert manager.submit(f"/categories/{id_}/delete", {"confirm_name": "Clientes fiéis"}).status_code == 303
    assert all_of(app, select(Category.id)) == []
    actions = [("category.created",), ("category.updated",), ("category.deleted",)]
    told = select(AuditEntry.action).where(AuditEntry.action.like("category.%"))
    assert all_of(app, told.order_by(AuditEntry.created_at)) == actions


REFUSED: list[tuple[dict[str, str], str]] = [
    ({"name": ""}, 'id="name-error"'),
    ({"name": "x" * 81}, "No máximo 80"),
    ({"name": "clientes"}, "Já existe uma categoria com este nome"),
    ({"description": "x" * 501}, 'id="description-error"'),
    ({"color": "red"}, 'id="color-error"'),
    ({"color": "own", "own_color": '"><script>'}, 'id="own_color-error"'),
]


def test_what_makes_no_sense_is_shown_beside_its_field(app: Flask, admin: Browser) -> None:
    admin.submit("/categories", CLIENTES)
    for change, expected in REFUSED:
        answer = admin.submit("/categories", {**CLIENTES, "name": "Parceiros", **change}, htmx=True)
        assert (answer.status_code, expected in answer.text) == (422, True), change
    assert all_of(app, select(func.count()).select_from(Category)) == [(1,)]


def test_a_stale_form_is_told_and_overwrites_when_it_is_sent_again(app: Flask, admin: Browser) -> None:
    admin.submit("/categories", CLIENTES)
    (id_,) = all_of(app, select(Category.id))[0]
    admin.submit(f"/categories/{id_}/edit", {**CLIENTES, "name": "Compradores", "version": "1"})
    stale = admin.submit(f"/categories/{id_}/edit", {**CLIENTES, "version": "1"})
    assert stale.status_code == 422
    assert "Outra pessoa alterou isto" in stale.text
    assert 'name="version" type="hidden" value="2"' in stale.text


def test_viewers_read_managers_write_and_strangers_find_nothing(
    app: Flask, admin: Browser, viewer: Browser, operator: Browser
) -> None:
    admin.submit("/categories", CLIENTES)
    (id_,) = all_of(app, select(Category.id))[0]
    paths = ["/categories/new", f"/categories/{id_}/edit", f"/categories/{id_}/delete"]
    for person in (viewer, operator):
        assert "Já compraram" in person.get("/categories").text
        assert [person.get(path).status_code for path in paths] == [403] * 3
        assert person.submit("/categories", CLIENTES).status_code == 403
    stranger = sign_in(app, new_user(app, "admin", new_account(app)))
    assert "Já compraram" not in stranger.get("/categories").text
    assert [stranger.get(path).status_code for path in paths[1:]] == [404, 404]
    confirmed = {"confirm_name": "Clientes"}
    assert stranger.submit(f"/categories/{id_}/delete", confirmed).status_code == 404
    assert admin.get(f"/categories/{uuid7()}/edit").status_code == 404
