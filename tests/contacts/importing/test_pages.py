"""/contacts/import: the four steps, what each refuses, and who may see them."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from app.contacts.fields.models import CustomField, FieldKind
from app.contacts.importing.models import ContactImport, ImportState
from app.core import clock
from app.core.db import write
from app.core.ids import uuid7
from tests.jobs import run_jobs
from tests.people import HTMX, Browser, asking_again

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PEOPLE = (
    "Nome;Celular;E-mail;Cidade\r\n"
    "Ana Souza;(11) 98765-4321;ana@example.com;Santos\r\n"
    "Bruno <b>Lima</b>;(21) 99876-5432;;\r\n"
    "Sem Nada;;;\r\n"
    "Cortado;5,51199E+12;;\r\n"
).encode("cp1252")
PLAN = {
    "column_0": "name", "column_1": "phone", "column_2": "email", "column_3": "",
    "mode": "update", "tags": "feira 2026; vip", "consent_answer": "none",
}  # fmt: skip
AGREED = {
    "consent_answer": "granted",
    "consent_channels": "whatsapp",
    "consent_detail": "Feira",
    "consent_on": "2026-11-01",
}


def upload(browser: Browser, content: bytes = PEOPLE, name: str = "pessoas.csv", **options: Any) -> TestResponse:
    form = {"file": (BytesIO(content), name)}
    return browser.submit("/contacts/import", form, content_type="multipart/form-data", **options)


def uploaded(browser: Browser, content: bytes = PEOPLE) -> str:
    """The address of the import."""
    answer = upload(browser, content)
    assert answer.status_code == 303
    return answer.location.removesuffix("/columns")


def test_a_file_is_uploaded_and_its_columns_are_guessed(manager: Browser) -> None:
    assert 'aria-current="step">Arquivo' in manager.get("/contacts/import/new").text
    assert manager.get("/contacts/import/model.csv").data.startswith("\ufeffNome;Celular".encode())
    page = manager.get(f"{uploaded(manager)}/columns").text
    assert 'aria-current="step">Colunas' in page
    assert "Ana Souza · Bruno &lt;b&gt;Lima" in page
    for target in ("name", "phone", "email"):
        assert f'<option selected value="{target}"' in page
    assert "(5,51E+12)" in page
    assert "Cidade" in page[page.index("alert-warning") : page.index("importing-form")]
    asked = page[page.index('id="consent_answer"') : page.index('id="consent_channels"')]
    assert " checked" not in asked


def test_files_of_no_use_are_refused_in_words(manager: Browser) -> None:
    for content in (b"", b"\x89PNG\x0d\x0a\x00\x00", b"\xd0\xcf\x11\xe0 old", b"PK\x03\x04 no zip"):
        answer = upload(manager, content, headers=HTMX)
        assert answer.status_code == 422, content
        assert answer.text.lstrip().startswith('<form method="post" action="/contacts/import" id="importing-form"')
        assert 'id="file-error"' in answer.text
    assert manager.submit("/contacts/import", {"file": "text"}).status_code == 422


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"consent_answer": ""}, "consent_answer-error"),
    ({"consent_answer": "maybe"}, "consent_answer-error"),
    ({"column_1": "", "column_2": ""}, "Escolha a coluna"),
    ({"column_0": "email"}, "column_2-error"),
    ({"column_3": "custom:nothing"}, "column_3-error"),
    ({"mode": "merge"}, "mode-error"),
    ({"tags": "x" * 61}, "tags-error"),
    ({"tags": "a\u202eb"}, "tags-error"),
    ({"category_ids": str(uuid7())}, "category_ids-error"),
    (AGREED | {"consent_channels": ""}, "consent_channels-error"),
    (AGREED | {"consent_detail": " "}, "consent_detail-error"),
    (AGREED | {"consent_detail": "a\u202eb"}, "consent_detail-error"),
    (AGREED | {"consent_on": ""}, "consent_on-error"),
    (AGREED | {"consent_on": "2099-01-01"}, "consent_on-error"),
    (AGREED | {"consent_on": "ontem"}, "consent_on-error"),
    (AGREED | {"consent_version": "x" * 65}, "consent_version-error"),
]


def test_what_does_not_fit_is_said_beside_it_and_nothing_typed_is_lost(manager: Browser) -> None:
    url = uploaded(manager)
    for wrong, said in WRONG:
        answer = manager.submit(f"{url}/columns", {**PLAN, "tags": "feira 2026", **wrong}, htmx=True)
        assert (answer.status_code, said in answer.text) == (422, True), wrong
        assert "tags" in wrong or 'value="feira 2026"' in answer.text


def test_columns_may_have_fields_of_the_account_and_are_remembered(app: Flask, manager: Browser) -> None:
    with app.app_context(), write() as session:
        account = manager.person.account_id
        session.add(
            CustomField(
                id=uuid7(), account_id=account, key="city", label="Cidade", folded_label="cidade", kind=FieldKind.TEXT,
                created_at=clock.now(), updated_at=clock.now(),
            )
        )  # fmt: skip
    url = uploaded(manager)
    assert '<option selected value="custom:city"' in manager.get(f"{url}/columns").text
    assert manager.submit(f"{url}/columns", {**PLAN, **AGREED, "column_3": ""}).location == f"{url}/check"
    same = manager.get(f"{uploaded(manager)}/columns").text
    assert "alert-info" in same
    assert '<option selected value="custom:city"' not in same
    assert 'value="Feira"' not in same  # what was agreed to by others says nothing


def test_pages_lead_on_to_where_the_import_is(app: Flask, manager: Browser) -> None:
    url = uploaded(manager)
    leads = {
        ImportState.UPLOADED: "/columns",
        ImportState.CHECKED: "/check",
        ImportState.DONE: "",
        ImportState.UNDONE: "",
    }
    for state, way in leads.items():
        stand(app, url, state)
        answer = manager.get(url)
        assert answer.status_code == 200 if way == "" else answer.location == f"{url}{way}", state
    assert manager.get(f"{url}/columns").location == url  # the back button
    assert manager.submit(f"{url}/columns", PLAN).location == url
    assert manager.submit(f"{url}/start").location == url
    assert manager.submit(f"{url}/discard").location == url
    stand(app, url, ImportState.UPLOADED, wiped_at=clock.now())
    assert manager.get(f"{url}/columns").location == "/contacts/imports"  # its file is gone


def stand(app: Flask, url: str, state: ImportState, **values: Any) -> None:
    with app.app_context(), write() as session:
        mine = update(ContactImport).where(ContactImport.id == UUID(url.rsplit("/", 1)[1]))
        session.execute(mine.values(state=state, **values))


def test_only_who_may_import_sees_any_of_it(
    manager: Browser, operator: Browser, other_admin: Browser, anonymous: Browser
) -> None:
    url = uploaded(manager)
    for way in (
        "/contacts/imports",
        "/contacts/import/new",
        "/contacts/import/model.csv",
        f"{url}/columns",
        f"{url}/undo",
    ):
        assert operator.get(way).status_code == 403, way
        assert anonymous.get(way).status_code == 303, way
    assert upload(operator).status_code == 403
    assert other_admin.get(f"{url}/columns").status_code == 404
    for way in ("start", "stop", "undo", "discard", "columns"):
        assert operator.submit(f"{url}/{way}").status_code == 403, way
        assert other_admin.submit(f"{url}/{way}").status_code == 404, way
    assert "pessoas.csv" in manager.get("/contacts/imports").text
    assert "pessoas.csv" not in other_admin.get("/contacts/imports").text
    assert manager.submit(f"{url}/discard").location == "/contacts/imports"
    assert manager.get(f"{url}/columns").status_code == 404


def test_a_file_is_checked_imported_and_undone(app: Flask, manager: Browser) -> None:
    url = uploaded(manager)
    manager.submit(f"{url}/columns", {**PLAN, **AGREED})
    waiting = manager.get(f"{url}/check").text
    assert 'aria-current="step">Conferência' in waiting
    assert manager.get(f"{url}/check", headers=asking_again(waiting, f"{url}/check")).status_code == 204
    run_jobs(app)
    checked = manager.get(f"{url}/check", headers=HTMX).text
    assert checked.lstrip().startswith('<div id="importing-check"')
    assert "Importar 2 contatos" in checked
    assert "5,51199E+12" in checked
    assert "Concordaram (WhatsApp): Feira, 01/11/2026" in checked
    assert "Colunas deixadas de fora" in checked

    assert manager.submit(f"{url}/start").location == url
    running = manager.get(url).text
    assert "Parar" in running
    run_jobs(app)
    done = manager.get(url, headers=asking_again(running, url)).text
    assert done.lstrip().startswith('<div id="importing-outcome"')
    assert f'href="/contacts?import={url.rsplit("/", 1)[1]}"' in done
    refused = manager.get(f"{url}/problems")
    assert [line.split(";")[0] for line in refused.get_data().decode("cp1252").splitlines()[1:]] == [
        "Sem Nada",
        "Cortado",
    ]

    assert "2 contatos que ela criou" in manager.get(f"{url}/undo").text
    assert manager.submit(f"{url}/undo").location == url
    run_jobs(app)
    assert "Desfeita" in manager.get(url).text
    assert manager.get(f"{url}/undo").location == url
    assert f"{url}/undo" not in manager.get("/contacts/imports").text


def test_a_check_and_an_import_can_be_stopped(app: Flask, manager: Browser) -> None:
    url = uploaded(manager)
    manager.submit(f"{url}/columns", PLAN)
    assert manager.submit(f"{url}/stop").status_code == 303
    assert manager.get(f"{url}/check").location == f"{url}/columns"
    manager.submit(f"{url}/columns", PLAN)
    run_jobs(app)
    manager.submit(f"{url}/start")
    manager.submit(f"{url}/stop")
    assert "foi parada no caminho" in manager.get(url).text
