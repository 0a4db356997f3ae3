"""The pages of contacts: who finds whom, what a form keeps, and what two people at once are told."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.contacts import service, timeline
from app.contacts.fields.models import CustomField, FieldKind
from app.contacts.models import Category, Contact, ContactMerge
from app.contacts.service import Source
from app.core import clock
from app.core.access import Actor
from app.core.db import db, write
from app.core.ids import uuid7
from tests.people import Browser, Person, new_browser, sign_in

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ANA = {
    "name": "Ana São João",
    "phoneNumber": "(11) 98765-4321",
    "email": "ana.segredo@example.com",
    "company": "Padaria Estrela",
    "tags": ["VIP"],
}
NAMELESS = {"phoneNumber": "(21) 99876-5432", "email": "oculto@example.org"}
QUERIES = {
    "segment=nope": "Não existe esse segmento",
    "segment=00000000-0000-7000-8000-000000000000": "Não existe esse segmento",
    "whatsapp=perhaps": "Nada pode corresponder",
    "from=yesterday": "não é uma data",
    "q=" + "x" * 101: "Nada pode corresponder",
    "after=nonsense&sort=salary&limit=-3": "Ana São João",
    "q=%22%2A%29+OR+1%3D1--": "Ninguém corresponde",
    "tag=vip&has=phone&owner=none&email=unknown": "Ana São João",
    "import=00000000-0000-7000-8000-000000000000": "Ninguém corresponde",
}
Make = Callable[..., UUID]


@pytest.fixture
def make(app: Flask, admin: Browser) -> Make:
    actor = Actor(admin.person.account_id, admin.person.id, admin.person.email)

    def make(by: Actor = actor, **values: Any) -> UUID:
        with app.test_request_context(), write():
            return service.create(by, values, Source.FORM).id

    return make


@pytest.fixture
def shoe(app: Flask, admin: Browser) -> str:
    """The account's one custom field, a number."""
    with app.app_context(), write() as session:
        made = {"created_at": clock.now(), "updated_at": clock.now(), "account_id": admin.person.account_id}
        session.add(CustomField(**made, key="shoe", label="Calçado", folded_label="calcado", kind=FieldKind.NUMBER))
    return "shoe"


def contact_of(app: Flask, id: UUID) -> Contact:
    with app.app_context():
        return db.session.scalars(select(Contact).where(Contact.id == id)).one()


def latest(app: Flask) -> Contact:
    with app.app_context():
        return db.session.scalars(select(Contact).order_by(Contact.serial.desc()).limit(1)).one()


def tags_of(browser: Browser, id: UUID) -> str:
    page = browser.get(f"/contacts/{id}/edit").text
    return page.partition('id="tags"')[2].partition('value="')[2].partition('"')[0]


def test_masked_people_cannot_spell_out_a_phone_or_an_address(viewer: Browser, make: Make) -> None:
    make(**ANA)
    make(**NAMELESS)
    make(name="", company="Sorveteria São Luís", email="loja@example.net")
    for found in ("ana", "sao jo", "padaria", "a", "estrela joao", "São Luís"):
        assert "/contacts/0" in viewer.get("/contacts", query_string={"q": found}).text, found
    for secret in (
        "98765",
        "4321",
        "segredo",
        "ana.segredo@example.com",
        "11",
        "55119",
        "ana 98765",
        "example",
        "oculto",
    ):
        page = viewer.get("/contacts", query_string={"q": secret}).text
        assert "/contacts/0" not in page, secret


@ON_SQLITE
def test_masked_people_read_no_phone_and_no_address_anywhere(viewer: Browser, admin: Browser, make: Make) -> None:
    ids = [make(**ANA), make(**NAMELESS)]
    urls = ["/contacts", *(f"/contacts/{id}" for id in ids), "/contacts?has=phone&sort=name"]
    for url in urls:
        page = viewer.get(url).text
        for secret in ("987654321", "998765432", "98765-4321", "segredo@", "ana.segredo", "oculto@"):
            assert secret not in page, (url, secret)
    assert "•••5432" in viewer.get(f"/contacts/{ids[1]}").text.partition("<title>")[2].partition("</title>")[0]
    assert "+5521998765432" in admin.get(f"/contacts/{ids[1]}").text


@ON_SQLITE
def test_any_query_is_answered_in_words(admin: Browser, make: Make) -> None:
    make(**ANA)
    for query, told in QUERIES.items():
        response = admin.get(f"/contacts?{query}")
        assert (response.status_code, told in response.text) == (200, True), query


def test_each_person_has_their_own_columns(admin: Browser, operator: Browser, make: Make, shoe: str) -> None:
    make(**ANA)
    for _ in range(2):  # the second choice replaces the first
        chosen = {"column": ["company", f"custom.{shoe}", "account_id"], "next": "//evil.example/"}
        response = admin.submit("/contacts/columns", chosen)
    assert (response.status_code, response.location) == (303, "/contacts")
    assert all(word in admin.get("/contacts").text for word in ("Padaria Estrela", "Calçado</th>"))
    assert "Padaria Estrela" not in operator.get("/contacts").text


@ON_SQLITE
def test_a_form_that_is_refused_keeps_what_was_typed(app: Flask, operator: Browser, make: Make, shoe: str) -> None:
    same = make(**ANA)
    typed = {"name": "<b>Rita</b>", "phone": "11 8765-4321", "tags": "nova, VIP", f"custom_{shoe}": "36"}
    page = operator.submit("/contacts", typed)
    assert page.status_code == 422
    assert f'href="/contacts/{same}"' in page.text
    assert "&lt;b&gt;Rita&lt;/b&gt;" in page.text
    wrong = {"name": "x" * 201, "phone": "12", "email": "a@", "owner": str(uuid7()), "locale": "xx"}
    page = operator.submit("/contacts", {**wrong, f"custom_{shoe}": "wide", "categories": ["nope"], "tags": "x" * 61})
    assert page.status_code == 422
    for id in ("name", "phone", "email", "locale", f"custom_{shoe}"):
        assert f'id="{id}-error"' in page.text, id
    hostile = {"name": "Rita", "serial": "1", "account_id": str(uuid7()), "whatsapp_consent": "granted", "version": "9"}
    assert operator.submit("/contacts", hostile).status_code == 303
    made = latest(app)
    assert (made.whatsapp_consent, made.account_id, made.version) == ("unknown", operator.person.account_id, 1)


@ON_SQLITE
def test_whoever_saves_second_is_told_what_changed_and_may_overwrite(
    app: Flask, admin: Browser, operator: Browser, make: Make
) -> None:
    id = make(**ANA)
    form = {
        "name": "Ana",
        "phone": "+5511987654321",
        "email": ANA["email"],
        "company": "",
        "tags": "VIP",
        "version": "1",
    }
    assert admin.submit(f"/contacts/{id}/edit", {**form, "name": "Ana Maria"}).status_code == 303
    page = operator.submit(f"/contacts/{id}/edit", {**form, "company": "Outra"})
    assert page.status_code == 409
    assert "Agora é: Ana Maria" in page.text
    assert page.text.count("Agora é") == 4  # name, company: summary and field
    assert operator.submit(f"/contacts/{id}/edit", {**form, "version": "2"}, htmx=True).status_code == 204
    changed = contact_of(app, id)
    assert (changed.name, changed.phone_raw, changed.version) == ("Ana", "(11) 98765-4321", 3)


@ON_SQLITE
def test_a_custom_field_is_changed_where_it_stands(app: Flask, operator: Browser, make: Make, shoe: str) -> None:
    id = make(**ANA)
    url, name = f"/contacts/{id}/fields/{shoe}", f"custom_{shoe}"
    for typed, was, htmx, status in [
        ("36,5", "", True, 200),
        ("wide", "36,5", True, 422),
        ("40", "", False, 422),  # did not see the 36,5
        ("36,5", "", False, 303),  # nor this one, but means the same
        ("", "36,5", False, 303),
    ]:
        response = operator.submit(url, {name: typed, "was": was}, htmx=htmx)
        assert (response.status_code, typed in response.text or status == 303) == (status, True), typed
    assert contact_of(app, id).custom == {}
    assert operator.submit(f"/contacts/{id}/fields/nope", {"was": ""}).status_code == 404


@ON_SQLITE
def test_tags_and_categories_that_others_gave_meanwhile_stay(app: Flask, operator: Browser, make: Make) -> None:
    with app.app_context(), write() as session:
        made = {"created_at": clock.now(), "updated_at": clock.now(), "account_id": operator.person.account_id}
        category = Category(id=uuid7(), name="Clientes", folded_name="clientes", color="#1f5fc4", **made)
        session.add(category)
        session.flush()
        category_id = str(category.id)
    id = make(**{**ANA, "tags": ["VIP", "nova"]})
    operator.submit(f"/contacts/{id}/tags", {"was": "VIP", "tags": "loja"})
    assert tags_of(operator, id) == "loja, nova"
    operator.submit(f"/contacts/{id}/categories", {"category": category_id})
    operator.submit(f"/contacts/{id}/categories", {"category": "nope"})
    page = operator.submit(f"/contacts/{id}/categories", {"category": category_id, "was": category_id}, htmx=True).text
    assert 'fill="#1f5fc4"' in page
    assert (
        "Clientes</span>"
        not in operator.submit(f"/contacts/{id}/categories", {"was": category_id}, htmx=True).text.partition(
            "<details"
        )[0]
    )


@ON_SQLITE
def test_of_tags_given_by_several_at_once_none_is_lost(app: Flask, operator: Browser, make: Make) -> None:
    id = make(**ANA)
    browsers = [sign_in(app, operator.person) for _ in range(6)]
    with ThreadPoolExecutor(len(browsers)) as pool:
        given = [
            pool.submit(browser.submit, f"/contacts/{id}/tags", {"was": "VIP", "tags": f"VIP, tag {number}"})
            for number, browser in enumerate(browsers)
        ]
    assert {one.result().status_code for one in given} == {303}
    assert tags_of(operator, id) == ", ".join([*(f"tag {number}" for number in range(6)), "VIP"])


@ON_SQLITE
def test_a_deletion_is_taken_back_unless_somebody_took_the_phone(admin: Browser, make: Make) -> None:
    id = make(**ANA)
    gone = admin.submit(f"/contacts/{id}/delete")
    assert admin.get(f"/contacts/{id}").status_code == 404
    assert f'action="/contacts/{id}/restore"' in admin.get(gone.location).text
    assert admin.submit(f"/contacts/{id}/restore").location == f"/contacts/{id}"
    assert admin.get(f"/contacts/{id}").status_code == 200
    admin.submit(f"/contacts/{id}/delete")
    other = make(**ANA)
    assert admin.submit(f"/contacts/{id}/restore").location == f"/contacts/{other}"


@ON_SQLITE
def test_a_merged_contact_leads_on_to_the_one_that_was_kept(app: Flask, viewer: Browser, make: Make) -> None:
    kept, merged = make(**ANA), uuid7()
    made = {"id": uuid7(), "account_id": viewer.person.account_id, "at": clock.now(), "taken": []}
    with app.app_context(), write() as session:
        session.add(ContactMerge(**made, kept_id=kept, merged_id=merged))
        facts = {"fields": ["email", "custom.gone"], "importId": str(uuid7())}
        timeline.note(session.connection(), viewer.person.account_id, kept, "contact.updated", facts)
    assert viewer.get(f"/contacts/{merged}").location == f"/contacts/{kept}"
    page = viewer.get(f"/contacts/{kept}").text
    told = ("Outro contato foi unido a este", "Alterado por uma importação", "E-mail, gone", "Criado manualmente")
    assert [words for words in told if words not in page] == []


@ON_SQLITE
def test_contacts_of_another_account_are_not_there(
    app: Flask, other_account: Person, admin: Browser, make: Make
) -> None:
    actor = Actor(other_account.account_id, other_account.id, other_account.email)
    id = make(by=actor, **{**ANA, "name": "Estranha", "tags": ["segredo"]})
    assert not any(word in admin.get("/contacts").text for word in ("Estranha", "segredo"))
    assert [admin.get(f"/contacts/{id}{part}").status_code for part in ("", "/edit")] == [404, 404]
    posts = ("edit", "delete", "restore", "fields/x", "tags", "categories")
    assert {admin.submit(f"/contacts/{id}/{part}").status_code for part in posts} == {404}
    assert "Estranha" in sign_in(app, other_account).get(f"/contacts/{id}").text
    assert new_browser(app).get(f"/contacts/{id}").status_code == 303
