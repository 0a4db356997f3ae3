"""/contact-fields: list and order, forms, options that contacts have, and the end of a field."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.contacts.fields.models import CustomField
from app.contacts.models import Contact
from app.core.runtime import runtime
from tests.jobs import run_jobs
from tests.people import Browser, bearer, new_account, new_user, sign_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PLANO = {"label": "Plano atual", "key": "", "kind": "choice", "options": "Ouro\nPrata\n\nouro"}


def fields(app: Flask) -> list[Any]:
    with runtime(app).engine.connect() as connection:
        found = select(CustomField.id, CustomField.key, CustomField.label, CustomField.options)
        return list(connection.execute(found.order_by(CustomField.position)))


def test_a_field_is_made_changed_and_deleted_with_its_values(app: Flask, manager: Browser) -> None:
    assert manager.submit("/contact-fields", PLANO).status_code == 303
    plano = fields(app)[0]
    assert (plano.key, plano.options) == ("plano_atual", ["Ouro", "Prata"])
    token = bearer(app, manager.person)
    ana = {"name": "Ana", "customFields": {"plano_atual": "ouro"}}
    assert manager.post("/api/contacts", json=ana, headers=token).status_code == 201

    url = f"/contact-fields/{plano.id}/edit"
    change = {"label": "Plano", "options": "Prata", "version": "1"}
    told = manager.submit(url, change)
    assert (told.status_code, "Ouro: 1 contato" in told.text) == (422, True)
    assert manager.submit(url, {**change, "goes": "y"}).status_code == 303
    assert [(field.label, field.options) for field in fields(app)] == [("Plano", ["Prata"])]

    assert manager.submit(f"/contact-fields/{plano.id}/delete", {"confirm_name": "x"}).status_code == 422
    started = manager.submit(f"/contact-fields/{plano.id}/delete", {"confirm_name": "Plano"})
    assert started.location.startswith("/jobs/")
    run_jobs(app)
    assert "e os valores dele também" in manager.get(started.location).text
    assert fields(app) == []
    with runtime(app).engine.connect() as connection:
        assert connection.execute(select(Contact.name, Contact.custom)).all() == [("Ana", {})]


def test_fields_are_moved_and_stay_at_the_ends(app: Flask, admin: Browser) -> None:
    for label in ("Um", "Dois", "Três"):
        admin.submit("/contact-fields", {"label": label, "kind": "text"})
    first, second, third = (field.id for field in fields(app))
    assert admin.submit(f"/contact-fields/{third}/move", {"to": "up"}).location == "/contact-fields"
    moved = admin.submit(f"/contact-fields/{first}/move", {"to": "up"}, htmx=True)
    assert 'id="contact-fields-rows"' in moved.text
    assert [field.id for field in fields(app)] == [first, third, second]
    admin.submit(f"/contact-fields/{first}/move", {"to": "down"})
    assert [field.id for field in fields(app)] == [third, first, second]


REFUSED: list[tuple[dict[str, str], str]] = [
    ({"label": ""}, 'id="label-error"'),
    ({"label": "PLANO ATUAL"}, "Já existe um campo com este nome"),
    ({"key": "plano_atual"}, "Já existe um campo com esta chave"),
    ({"key": "1Plano"}, "Letras minúsculas"),
    ({"kind": "money"}, 'id="kind-error"'),
    ({"options": ""}, "pelo menos uma opção"),
    ({"options": "\n".join(map(str, range(101)))}, "No máximo 100 opções"),
    ({"options": "x" * 101}, "No máximo 100 caracteres"),
]


def test_what_makes_no_sense_is_shown_beside_its_field(app: Flask, admin: Browser) -> None:
    admin.submit("/contact-fields", PLANO)
    for change, expected in REFUSED:
        answer = admin.submit("/contact-fields", {**PLANO, "label": "Outro", **change}, htmx=True)
        assert (answer.status_code, expected in answer.text) == (422, True), change
    assert len(fields(app)) == 1


def test_the_key_follows_the_label_until_somebody_types_one(admin: Browser) -> None:
    for asked, expected in (
        ({"label": "Data de nascimento"}, 'value="data_de_nascimento"'),
        ({"label": "Loja", "key": "data", "proposed": "data"}, 'value="loja"'),
        ({"label": "Loja", "key": "minha", "proposed": "data"}, 'value="minha"'),
    ):
        assert expected in admin.get("/contact-fields/key", query_string=asked).text


def test_viewers_read_and_strangers_find_nothing(app: Flask, admin: Browser, viewer: Browser) -> None:
    admin.submit("/contact-fields", PLANO)
    (field,) = fields(app)
    paths = [f"/contact-fields/{field.id}/{name}" for name in ("edit", "delete")]
    assert "Plano atual" in viewer.get("/contact-fields").text
    assert [viewer.get(path).status_code for path in paths] == [403] * 2
    stranger = sign_in(app, new_user(app, "admin", new_account(app)))
    assert "Plano atual" not in stranger.get("/contact-fields").text
    assert [stranger.get(path).status_code for path in paths] == [404] * 2
    assert stranger.submit(f"/contact-fields/{field.id}/move", {"to": "up"}).status_code == 404
