"""/contacts/export: the file, or why there is none."""

from __future__ import annotations

import pytest
from flask import Flask

from app.contacts import service
from app.contacts.service import Source
from app.core.access import Actor
from app.core.db import write
from app.core.ids import uuid7
from tests.contacts.exporting.test_export import rows_of_csv, sessions_grown_old
from tests.people import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_the_page_answers_with_the_file_or_the_reason(
    app: Flask, manager: Browser, operator: Browser, admin: Browser
) -> None:
    actor = Actor(manager.person.account_id, manager.person.id, manager.person.email)
    with app.app_context(), write():
        service.create(actor, {"name": "Ana", "tags": ["vip"]}, Source.FORM)
        service.create(actor, {"name": "Eva"}, Source.FORM)
    answer = manager.submit("/contacts/export", {"format": "csv", "tag": "VIP"})
    assert [row[1] for row in rows_of_csv(answer.data)] == ["Nome", "Ana"]
    for form in ({}, {"format": "pdf"}, {"format": "csv", "from": "x"}, {"format": "csv", "segment": str(uuid7())}):
        assert manager.submit("/contacts/export", form).status_code == 303, form
    assert operator.submit("/contacts/export", {"format": "csv"}).status_code == 403
    assert manager.get("/contacts/export").status_code in (404, 405)
    with app.app_context(), write() as session:
        session.execute(sessions_grown_old())
    assert admin.submit("/contacts/export", {"format": "csv"}).headers["Location"].startswith("/confirm?")
