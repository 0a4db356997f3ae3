"""/mailings: list, form, detail, lists of ids, who never opened; who may do what there, and hostile input."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import AuditEntry
from app.core.access import Actor
from app.core.db import db
from app.core.ids import uuid7
from app.core.runtime import runtime
from app.opens.mailings.unopened import unopened_count
from tests.jobs import run_jobs
from tests.opens.mailings.conftest import DAY, HOUR, list_ids, listed, mailing_of
from tests.opens.opens_fixtures import CRAWLER, asked, record, upload
from tests.people import HTMX, Browser
from tests.spreadsheets import rows_of_xlsx

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MakeMailing = Callable[..., UUID]
NEW = {"name": "Faturas", "starts_at": "2026-11-01T09:00", "ends_at": "2026-11-08T09:00", "sent": "", "image_id": ""}


def csv_file(content: bytes, name: str = "ids.csv", **fields: Any) -> dict[str, Any]:
    return {"file": (BytesIO(content), name), **fields}


def send(browser: Browser, mailing: UUID, content: bytes, **fields: Any) -> Any:
    return browser.submit(f"/mailings/{mailing}/list", csv_file(content, **fields), content_type="multipart/form-data")


def test_an_empty_list_teaches_the_next_step(manager: Browser, viewer: Browser) -> None:
    assert 'href="/mailings/new"' in manager.get("/mailings").text
    assert 'href="/mailings/new"' not in viewer.get("/mailings").text
    assert 'href="/mailings"' in viewer.get("/").text + viewer.get("/mailings").text  # in the menu


def test_a_mailing_is_created_changed_and_deleted(app: Flask, manager: Browser) -> None:
    image = str(upload(app))
    made = manager.submit("/mailings", {**NEW, "name": " <b>Faturas  de novembro</b> ", "sent": "1.500"})
    assert made.status_code == 303
    shown = manager.get(made.location).text
    assert "&lt;b&gt;Faturas de novembro&lt;/b&gt;" in shown
    assert "01/11/2026 09:00" in shown
    assert "1.500" in shown

    edit = f"{made.location}/edit"
    assert 'value="2026-11-01T09:00"' in manager.get(edit).text
    changed = {**NEW, "name": "Faturas", "starts_at": "2026-11-01T09:40", "image_id": image, "version": "1"}
    assert manager.submit(edit, changed).status_code == 303
    mailing = mailing_of(app, UUID(made.location.rsplit("/", 1)[1]))
    assert (mailing.sent, str(mailing.image_id), mailing.version) == (None, image, 2)
    assert mailing.starts_at.hour == 12  # 9 in São Paulo, rounded down

    assert manager.submit(edit, {**changed, "name": "Outra", "version": "1"}).status_code == 422  # stale
    assert manager.submit(f"{made.location}/delete", {"confirm_name": "Fatura"}).status_code == 422
    assert manager.submit(f"{made.location}/delete", {"confirm_name": "Faturas"}).location == "/mailings"
    assert manager.get(made.location).status_code == 404
    with app.app_context():
        actions = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert [action for action in actions if action.startswith("mailing")] == [
        "mailing.created", "mailing.updated", "mailing.deleted"
    ]  # fmt: skip


WRONG = [
    {"name": " "},
    {"name": "x" * 121},
    {"name": "a\u202eb"},
    {"ends_at": "2026-11-01T09:00"},
    {"ends_at": "2026-10-01T09:00"},
    {"ends_at": "2029-10-01T09:00"},
    {"starts_at": "ontem"},
    {"starts_at": "0001-01-01T00:00"},
    {"starts_at": ""},
    {"sent": "0"},
    {"sent": "-3"},
    {"sent": "muitos"},
    {"sent": "9" * 30},
    {"image_id": "x"},
    {"image_id": str(uuid7())},
]


def test_what_a_mailing_cannot_be_is_said_beside_the_field(manager: Browser) -> None:
    for wrong in WRONG:
        answer = manager.submit("/mailings", {**NEW, **wrong}, htmx=True)
        assert answer.status_code == 422, wrong
        assert answer.text.lstrip().startswith('<form method="post" action="/mailings" id="mailings-form"')
        assert "invalid-feedback" in answer.text


def test_the_list_shows_rates_where_there_can_be_one(
    app: Flask, actor: Actor, manager: Browser, make_mailing: MakeMailing, begins: datetime
) -> None:
    image = upload(app, file="banner.png")
    with_list = make_mailing(name="Com lista")
    make_mailing(name="Com número", sent=8)
    make_mailing(name="Sem nada", image_id=image)
    list_ids(app, actor, with_list, "FAT1", "FAT2", "FAT3", "FAT4")
    record(app, [asked(f"FAT{number}", at=begins + number * HOUR) for number in (1, 2, 7)])
    record(app, [asked("FAT8", "banner.png", at=begins + HOUR), asked("FAT3", at=begins + HOUR, agent=CRAWLER)])

    rows = manager.get("/mailings?sort=name", headers=HTMX).text
    assert rows.lstrip().startswith('<div id="mailings-rows"')
    assert rows.index("Com lista") < rows.index("Com número") < rows.index("Sem nada")
    assert "50,0%" in rows[: rows.index("Com número")]  # 2 of 4, whatever 7 and 8 do
    assert "50,0%" in rows[rows.index("Com número") : rows.index("Sem nada")]  # 4 of 8
    assert "Sem taxa" in rows[rows.index("Sem nada") :]
    assert "Com lista" not in manager.get("/mailings?q=número", headers=HTMX).text


ODD = [
    "/mailings?sort=token&page=abc&q=%25",
    "/mailings?q=" + "x" * 999,
    "/mailings/unopened?days=abc&kind=x&after=zzz",
    "/mailings/unopened?days=99999999999999&kind=machines",
    "/mailings/unopened?days=-1&limit=0",
    "/mailings/{id}?state=zzz&after=AAAA",
    "/mailings/{id}?state=waiting&limit=9999",
]


def test_an_odd_url_still_shows_a_list(viewer: Browser, make_mailing: MakeMailing) -> None:
    id = make_mailing()
    assert {url: viewer.get(url.format(id=id)).status_code for url in ODD} == dict.fromkeys(ODD, 200)


def test_a_mailing_shows_its_ids_by_state_page_by_page(
    app: Flask, actor: Actor, viewer: Browser, make_mailing: MakeMailing, begins: datetime
) -> None:
    mailing = make_mailing()
    list_ids(app, actor, mailing, "FAT1", "FAT2", "<i>FAT3")
    record(app, [asked("FAT1", at=begins + 30 * HOUR)])
    whole = viewer.get(f"/mailings/{mailing}").text
    waiting = viewer.get(f"/mailings/{mailing}?state=waiting&limit=1", headers=HTMX).text

    assert all(text in whole for text in ("33,3%", "FAT1", "&lt;i&gt;FAT3", "1–2 d", "/opens/log?from="))
    assert waiting.lstrip().startswith('<div id="mailings-ids"')
    assert "FAT1" not in waiting
    assert waiting.count("<tr>") == 2  # head and one row
    assert "after=" in waiting
    assert "FAT1" in viewer.get(f"/mailings/{mailing}?state=opened", headers=HTMX).text


def test_more_opens_than_were_sent_are_explained(
    app: Flask, viewer: Browser, make_mailing: MakeMailing, begins: datetime
) -> None:
    mailing = make_mailing(sent=1)
    record(app, [asked(ref, at=begins + HOUR) for ref in ("FAT1", "FAT2")])
    page = viewer.get(f"/mailings/{mailing}").text
    assert "200,0%" in page
    assert "alert-warning" in page


def test_a_list_is_uploaded_with_words_for_what_is_wrong(
    app: Flask, manager: Browser, make_mailing: MakeMailing
) -> None:
    mailing = make_mailing()
    assert send(manager, mailing, b"\xef\xbb\xbfid_fatura\nFAT1\nFAT2\n").location == f"/mailings/{mailing}"
    answer = send(manager, mailing, b"id_fatura\nFAT2\nFAT3\n{{<b>id}}\n")
    assert answer.status_code == 200
    assert all(text in answer.text for text in ("1 ID adicionado.", "{{&lt;b&gt;id}}", "variável do modelo"))
    assert set(listed(app, mailing)) == {"FAT1", "FAT2", "FAT3"}

    assert manager.submit(f"/mailings/{mailing}/list/clear").status_code == 303
    assert listed(app, mailing) == {}


OF_NO_USE = [
    b"",
    b"FAT1\x00",
    b"PK\x03\x04" + b"\x00" * 50,
    b"\x89PNG\r\n\x1a\n\x00",
    b"a;b\n1;2\n",
    "FAT1\n".encode("utf-16"),
]


def test_a_file_of_no_use_is_refused_in_words(app: Flask, manager: Browser, make_mailing: MakeMailing) -> None:
    mailing = make_mailing()
    for content in OF_NO_USE:
        answer = send(manager, mailing, content)
        assert answer.status_code == 422, content
        assert "invalid-feedback" in answer.text
    assert listed(app, mailing) == {}


def test_hostile_files_do_no_harm(app: Flask, manager: Browser, make_mailing: MakeMailing) -> None:
    mailing = make_mailing()
    assert send(manager, mailing, b"x" * 10_000_000).status_code == 200  # one line, left out
    assert send(manager, mailing, b"x" * 21_000_000).status_code == 413
    assert manager.submit(f"/mailings/{mailing}/list", {"file": "no file"}).status_code == 422
    hostile = b'id_fatura;nome\n=HYPERLINK("http://x");a\n"FAT1;a\n;;\n<script>alert(1)</script>;b\n'
    send(manager, mailing, hostile)
    assert set(listed(app, mailing)) == {'=HYPERLINK("http://x")', "<script>alert(1)</script>"}
    assert "<script>alert(1)" not in manager.get(f"/mailings/{mailing}").text


def test_a_large_list_shows_its_progress(app: Flask, manager: Browser, make_mailing: MakeMailing) -> None:
    mailing = make_mailing()
    answer = send(manager, mailing, "".join(f"FAT{number}\n" for number in range(1_001)).encode())
    assert answer.location.startswith("/jobs/")
    run_jobs(app)
    assert "1.001 IDs adicionados." in manager.get(answer.location).text
    assert manager.submit(f"/mailings/{mailing}/delete", {"confirm_name": "Novembro"}).location.startswith("/jobs/")


def test_who_never_opened_is_listed_after_some_days(
    app: Flask, actor: Actor, viewer: Browser, make_mailing: MakeMailing, begins: datetime
) -> None:
    mailing = make_mailing()
    list_ids(app, actor, mailing, "OLD", "OPENED", sent_at=begins - 5 * DAY)
    list_ids(app, actor, mailing, "RECENT", sent_at=begins)
    record(app, [asked("OPENED", at=begins), asked("BOTS", at=begins - 5 * DAY, agent=CRAWLER)])

    page = viewer.get("/mailings/unopened").text
    assert [ref in page for ref in ("ref=OLD", "ref=OPENED", "ref=RECENT", "ref=BOTS")] == [True, False, False, False]
    assert "ref=RECENT" in viewer.get("/mailings/unopened?days=1", headers=HTMX).text
    machines = viewer.get("/mailings/unopened?kind=machines", headers=HTMX).text
    assert ("ref=BOTS" in machines, "ref=OLD" in machines) == (True, False)
    now = begins + 2 * DAY
    with runtime(app).engine.connect() as connection:
        counts = [unopened_count(connection, actor.account_id, days, now, limit=2) for days in (1, 3, 30)]
    assert counts == [2, 1, 0]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_exports_hold_the_filtered_ids_and_no_formula(
    app: Flask, actor: Actor, viewer: Browser, make_mailing: MakeMailing, begins: datetime, suffix: str
) -> None:
    mailing = make_mailing(name="=1+1")
    list_ids(app, actor, mailing, "=cmd|A1", "FAT1", sent_at=begins - 9 * DAY)
    record(app, [asked("FAT1", at=begins), asked("@BOT", at=begins - 9 * DAY, agent=CRAWLER)])
    waiting = viewer.submit(f"/mailings/{mailing}/export", {"format": suffix, "state": "waiting"})
    unopened = viewer.submit("/mailings/unopened/export", {"format": suffix, "days": "3"})
    machines = viewer.submit("/mailings/unopened/export", {"format": suffix, "days": "3", "kind": "machines"})

    tables = [_rows(answer.data, suffix) for answer in (waiting, unopened, machines)]
    assert [table[1][0] for table in tables] == ["'=cmd|A1", "'=cmd|A1", "'@BOT"]
    assert tables[1][1][2] == "'=1+1"
    assert [len(table) for table in tables] == [2, 2, 2]


def _rows(raw: bytes, suffix: str) -> list[list[Any]]:
    if suffix == "xlsx":
        return rows_of_xlsx(raw)
    return [line.split(";") for line in raw.decode("utf-8-sig").splitlines()]


def test_a_large_export_is_made_by_a_worker(
    app: Flask, actor: Actor, viewer: Browser, make_mailing: MakeMailing
) -> None:
    mailing = make_mailing()
    list_ids(app, actor, mailing, *(f"FAT{number}" for number in range(1_201)))
    answer = viewer.submit(f"/mailings/{mailing}/export", {"format": "csv"})
    run_jobs(app)
    assert "1.201 IDs." in viewer.get(answer.location).text
    assert len(viewer.get(f"{answer.location}/file").data.splitlines()) == 1_202
    assert viewer.submit(f"/mailings/{mailing}/export", {"format": "exe"}).status_code == 303


CHANGES = ["", "/{id}/edit", "/{id}/delete", "/{id}/list", "/{id}/list/clear"]


def test_viewers_and_operators_may_only_look(viewer: Browser, operator: Browser, make_mailing: MakeMailing) -> None:
    id = make_mailing()
    for person in (viewer, operator):
        for path in CHANGES:
            assert person.submit(f"/mailings{path.format(id=id)}", NEW).status_code == 403
    assert viewer.get("/mailings/new").status_code == 403
    assert viewer.get(f"/mailings/{id}").status_code == 200


def test_another_account_finds_nothing(other_admin: Browser, make_mailing: MakeMailing) -> None:
    id = make_mailing()
    for path in ("", "/edit", "/delete", "/list"):
        assert other_admin.get(f"/mailings/{id}{path}").status_code == 404
    for path in ("/edit", "/delete", "/list", "/list/clear", "/export"):
        assert other_admin.submit(f"/mailings/{id}{path}", {"confirm_name": "Novembro"}).status_code == 404
    assert str(id) not in other_admin.get("/mailings").text
    assert other_admin.get("/mailings/not-an-id").status_code == 404
