"""What viewers see of people on every page, in files and in the API, and what the account lets them see."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Account
from app.core import clock
from app.core.access import Actor
from app.core.db import begin_write, db, write
from app.core.ids import uuid7
from app.core.models import Job, JobPart
from app.core.runtime import runtime
from app.opens.log import export
from app.opens.log.export import Order
from app.opens.log.filters import Filters
from tests.opens.history import made, store
from tests.people import Browser, bearer, sign_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is tested is not in the database
ADDRESS, NETWORK = "203.0.113.77", "203.0.113.0"
EMAIL = "planted.boss@example.com"
PATHS = ("/opens/log", "/opens/ids/timeline?ref=FAT001", "/api/views/FAT001", "/api/stats")


@pytest.fixture
def boss(app: Flask, make_user: Any) -> Browser:
    """An administrator whose address is somewhere in the product, and an open kept with its whole network address."""
    browser = sign_in(app, make_user("admin", email=EMAIL))
    at = clock.now() - timedelta(hours=2)
    store(runtime(app).engine, [made(browser.person.account_id, at, address=ADDRESS)])
    browser.submit("/opens/log/export", {"format": "csv"})  # audited, with who did it
    return browser


def seen(app: Flask, browser: Browser, token: dict[str, str]) -> dict[str, str]:
    """What the pages, the file and the API with opens say."""
    client = app.test_client()
    told = {path: client.get(path, headers=token).text for path in PATHS if path.startswith("/api/")}
    told |= {path: browser.get(path).text for path in PATHS if path not in told}
    told["file"] = browser.submit("/opens/log/export", {"format": "csv"}).text
    return told


def test_viewers_see_networks_and_others_whole_addresses(app: Flask, boss: Browser, make_user: Any) -> None:
    eve = make_user("viewer")
    viewer, token = sign_in(app, eve), bearer(app, eve)

    for name, text in seen(app, viewer, token).items():
        assert (ADDRESS in text, NETWORK in text) == (False, True), name
    for name, text in seen(app, boss, bearer(app, boss.person)).items():
        assert ADDRESS in text, name

    with app.app_context(), write() as session:
        session.get_one(Account, eve.account_id).masks_people = False
    for name, text in seen(app, viewer, token).items():
        assert ADDRESS in text, name


def test_no_page_and_no_answer_that_viewers_get_holds_an_address_of_people(
    app: Flask, boss: Browser, make_user: Any
) -> None:
    eve = make_user("viewer", email="eve@example.com")
    viewer, token, client = sign_in(app, eve), bearer(app, eve), app.test_client()
    rules = [rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments]
    looked = 0
    for path in rules:
        answer = client.get(path, headers=token) if path.startswith("/api/") else viewer.get(path)
        looked += answer.status_code == 200
        assert EMAIL.encode() not in answer.data, path
        assert ADDRESS.encode() not in answer.data, path
    assert looked > 15


def test_a_viewer_gets_no_file_that_was_made_for_who_sees_more(app: Flask, boss: Browser, make_user: Any) -> None:
    eve = make_user("viewer")
    viewer, account_id = sign_in(app, eve), eve.account_id
    jobs = {}
    for who, is_masked in ((boss.person, False), (eve, True)):
        order = Order(account_id, Filters(), "csv", "UTC", "en", is_masked)
        with app.app_context(), write() as session:
            jobs[who.id] = export.start(session, Actor(account_id, who.id, who.email), order, None)
    with app.app_context():
        params = db.session.scalars(select(Job.params).where(Job.created_by == eve.id)).one()
        assert params["masked"] is True
    with begin_write(runtime(app).engine) as connection:
        for id_ in jobs.values():
            done = {"state": "done", "finished_at": clock.now(), "filename": "opens.csv", "size": 4}
            connection.execute(Job.__table__.update().values(done))
            connection.execute(JobPart.__table__.insert().values(job_id=id_, number=0, content=b"rows"))

    others, own = jobs[boss.person.id], jobs[eve.id]
    assert [viewer.get(f"/jobs/{id_}/file").status_code for id_ in (others, own)] == [403, 200]
    assert [f"/jobs/{id_}/file" in viewer.get(f"/jobs/{id_}").text for id_ in (others, own)] == [False, True]
    api = app.test_client().get(f"/api/jobs/{others}/file", headers=bearer(app, eve))
    assert api.status_code == 403
    assert boss.get(f"/jobs/{own}/file").data == b"rows"
    assert viewer.get(f"/jobs/{uuid7()}/file").status_code == 404
