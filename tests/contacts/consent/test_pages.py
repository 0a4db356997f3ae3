"""The panel and the page of a contact's consents."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from app.contacts import service
from app.contacts.consent import links
from app.core import clock
from tests.contacts.made import made
from tests.people import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_the_team_records_what_somebody_said_and_sees_its_proof(app: Flask, operator: Browser, viewer: Browser) -> None:
    id = made(app, operator.person, name="Ana", phoneNumber="11987654321")
    with app.app_context():
        path, link = f"/contacts/{id}/consents", links.token_of(id)
    form = {"channel": "whatsapp", "state": "granted", "purpose": "marketing", "basis": "consent",
            "detail": "Cadastro na loja", "text_version": "2026-03", "at": "2026-11-01T10:00"}  # fmt: skip
    assert operator.submit(path, form).headers["Location"] == f"/contacts/{id}"
    page = operator.get(f"/contacts/{id}").text
    assert [text for text in ("Cadastro na loja", "2026-03", "01/11/2026 10:00", link) if text not in page] == []
    later = f"{clock.now() + timedelta(days=2):%Y-%m-%dT%H:%M}"
    for wrong in ({"at": later}, {"at": "x"}, {"state": "maybe"}, {"detail": "x" * 256}, {"basis": "none"}):
        assert operator.submit(path, {**form, **wrong}, htmx=True).status_code == 422
    operator.submit(path, {**form, "state": "denied"})
    refused = operator.submit(path, form, htmx=True)
    assert refused.status_code == 422
    assert "disse não" in refused.text
    with app.app_context():
        assert service.get(operator.person.account_id, id).whatsapp_consent == "denied"
    assert link not in viewer.get(path).text
    assert viewer.submit(path, form).status_code == 403
    assert operator.get(f"{path}?after=nonsense").status_code == 400
