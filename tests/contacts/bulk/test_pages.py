"""The pages that change many contacts: what is asked, what is refused, and the way back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.db import db
from app.core.ids import uuid7
from app.core.models import Job
from tests.contacts.bulk.conftest import kept, tagged
from tests.contacts.test_api import make_category
from tests.people import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PATH = "/contacts/bulk"
Make = Callable[..., UUID]


def test_picked_contacts_are_tagged_and_untagged_again(app: Flask, add: Make, operator: Browser) -> None:
    ana, eva = add(name="Ana", tags=["<b>Old</b>"]), add(name="Eva")
    picked: dict[str, Any] = {"ids": [str(ana), str(eva)], "action": "tag", "q": "a&b"}
    asked = operator.submit(PATH, picked).text
    assert ("2 contatos" in asked, "&lt;b&gt;Old&lt;/b&gt;" in asked, "<b>Old" in asked) == (True, True, False)
    assert re.search(r'href="/contacts" aria-current="page"', asked)  # the menu tells where one is
    nothing = operator.submit(f"{PATH}/start", picked | {"confirm_count": "2"})
    assert nothing.status_code == 422
    assert re.search(r"data-focus>.*ao menos uma tag", nothing.text, re.S)
    done = operator.submit(
        f"{PATH}/start", picked | {"confirm_count": "2", "tags": ["<b>Old</b>"], "more_tags": "Um, dois ,"}
    )
    assert (done.status_code, done.headers["Location"]) == (303, "/contacts?q=a%26b")
    with app.app_context():
        assert tagged(eva) == [["<b>Old</b>", "dois", "Um"]]

    shown = operator.get("/contacts").text
    job = re.search(r'name="job" value="([0-9a-f-]+)"', shown)
    assert job is not None
    assert operator.submit(f"{PATH}/undo", {"job": job[1]}).status_code == 303
    with app.app_context():
        assert tagged(ana, eva) == [["<b>Old</b>"], []]


def test_a_deletion_wants_the_number_typed_and_can_be_undone(app: Flask, add: Make, manager: Browser) -> None:
    add(name="Ana"), add(name="Eva")
    everybody = {"all": "1", "action": "delete", "confirm_count": "2"}
    assert 'name="typed_count"' in manager.submit(PATH, everybody).text
    for typed in ("", "3", "2x", "9" * 5000):
        assert manager.submit(f"{PATH}/start", everybody | {"typed_count": typed}).status_code == 422
    add(name="Nova")
    moved = manager.submit(f"{PATH}/start", everybody | {"typed_count": "2"})
    assert (moved.status_code, "3 contatos" in moved.text) == (409, True)
    done = manager.submit(f"{PATH}/start", everybody | {"confirm_count": "3", "typed_count": "3"})
    with app.app_context():
        assert (done.headers["Location"], kept()) == ("/contacts", 0)
        job = db.session.scalars(select(Job.id)).one()
    assert f'name="job" value="{job}"' in manager.get(f"/jobs/{job}").text
    assert manager.submit(f"{PATH}/undo", {"job": str(job)}).status_code == 303
    with app.app_context():
        assert kept() == 3


def test_what_cannot_be_meant_leads_back_with_the_reason(
    app: Flask, add: Make, manager: Browser, operator: Browser, viewer: Browser
) -> None:
    id_ = str(add(name="Ana"))
    with app.app_context():
        category = make_category(manager.person.account_id)
    for form in (
        {},
        {"ids": [id_], "action": "explode"},
        {"action": "tag"},
        {"ids": ["x"] * 501, "action": "tag"},
        {"all": "1", "action": "tag", "segment": str(uuid7())},
        {"all": "1", "action": "tag", "from": "never"},
    ):
        for path in (PATH, f"{PATH}/start"):
            assert manager.submit(path, form).status_code == 303, (path, form)
    assert operator.submit(PATH, {"ids": [id_], "action": "delete"}).status_code == 403
    assert viewer.submit(PATH, {"ids": [id_], "action": "tag"}).status_code == 403
    assert manager.post(PATH, data={"ids": id_, "action": "tag"}).status_code == 400  # no token
    assert manager.submit(f"{PATH}/undo", {"job": "odd"}).status_code == 404
    chosen = {"ids": [id_], "action": "categorize", "confirm_count": "1", "category_ids": [str(category)]}
    assert manager.submit(f"{PATH}/start", chosen).headers["Location"] == "/contacts"
    foreign = manager.submit(f"{PATH}/start", chosen | {"category_ids": [str(uuid7())]})
    assert foreign.status_code == 422
