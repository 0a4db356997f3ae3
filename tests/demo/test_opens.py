"""The opens of the demo: what the recorder would have left, true in all figures, and of every kind that pages show."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from ipaddress import ip_address
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import select

from app.accounts.models import Account
from app.core import clock
from app.core.runtime import runtime
from app.demo.cast import ACCOUNTS
from app.demo.fill import NOTE
from app.demo.letters import post
from app.demo.pictures import DRAWN
from app.demo.traffic import open_of
from app.demo.viewings import month_of
from app.opens.images.models import Image
from app.opens.images.picture import read_picture
from app.opens.mailings.models import MailedId, Mailing, MailingDelay
from app.opens.mailings.opened import bucket_of
from app.opens.models import COUNTED, NO_IMAGE, Open, OpenClass, OpenedId, OpenMissHour
from app.opens.rules.classify import NO_RULES
from tests.opens.opens_fixtures import asked, record, recount

SEEN = (Open.ref, Open.file, Open.created_at, Open.open_class, Open.is_view, Open.is_first, Open.hits)


def all_of(app, *columns):
    with runtime(app).engine.connect() as connection:
        return connection.execute(select(*columns)).all()


def test_figures_are_those_of_the_rows(month):
    with runtime(month).engine.connect() as connection:
        for account_id in connection.scalars(select(Account.id)):
            recount(connection, account_id)


def test_opens_are_those_that_the_recorder_would_have_left(app):
    made = post(Random(3), ACCOUNTS[0], 150, clock.now())
    loads = [load for load in made.loads if load.at.microsecond % 1000 == 0]
    assert len(loads) == len(made.loads) > 300
    sent = (asked(each.ref, each.file, at=each.at, agent=each.agent, address=each.network) for each in loads)
    record(app, sent)
    month = month_of(((load, number) for number, load in enumerate(loads)), {}, NO_RULES)
    expected = [
        (one.load.ref, one.load.file, one.load.at, one.verdict.open_class, one.is_view, one.is_first, one.hits)
        for one in month.opens
    ]
    assert sorted(map(tuple, all_of(app, *SEEN))) == sorted(expected)
    standings = all_of(app, OpenedId.ref, OpenedId.views, OpenedId.burst, OpenedId.last_hit_at)
    assert {tuple(row) for row in standings} == {
        (ref, one.views, one.burst, one.last_hit_at) for ref, one in month.standings.items()
    }
    misses = all_of(app, OpenMissHour.hour, OpenMissHour.reason, OpenMissHour.file, OpenMissHour.hits)
    assert {tuple(row[:3]): row.hits for row in misses} == month.misses


def test_ids_on_lists_were_opened_when_their_first_open_since_says(month):
    counted = defaultdict(list)
    for row in all_of(month, Open.account_id, Open.ref, Open.created_at, Open.is_view, Open.open_class):
        if row.is_view and row[4] in COUNTED:
            counted[row.account_id, row.ref].append(row.created_at)
    delays = Counter()
    mailed = all_of(month, MailedId.__table__)
    for row in mailed:
        since = [at for at in counted[row.account_id, row.ref] if at >= row.sent_at]
        assert row.opened_at == min(since, default=None)
        if since:
            delays[row.mailing_id, bucket_of(row.opened_at - row.sent_at)] += 1
    assert delays == Counter({(row.mailing_id, row.bucket): row.ids for row in all_of(month, MailingDelay.__table__)})
    listed = Counter(row.mailing_id for row in mailed)
    assert {row.id: row.listed for row in all_of(month, Mailing.__table__) if row.listed} == dict(listed)


def test_every_kind_is_there_that_pages_show(month):
    rows = all_of(
        month,
        Open.open_class.label("kind"),
        Open.is_view,
        Open.hits,
        Open.image_id,
        Open.referer,
        Open.reason,
        Open.device,
    )
    shares = Counter(row.kind for row in rows)
    assert set(shares) == set(OpenClass)
    assert 0.02 < shares["bot"] / len(rows) < 0.12
    assert 0.25 < shares["image_proxy"] / len(rows) < 0.5
    assert {row.is_view for row in rows} == {True, False}
    assert max(row.hits for row in rows) > 1
    assert NO_IMAGE in {row.image_id for row in rows}
    assert {"internal", "gmail_prefetch"} < {row.reason for row in rows}
    assert {"computer", "phone", "unknown"} <= {row.device for row in rows}
    assert any(row.referer for row in rows)
    assert any(row.first_at is None for row in all_of(month, OpenedId.first_at))
    missed = {row.reason for row in all_of(month, OpenMissHour.reason)}
    # A load without an id is so rare that the small month of some hours has none.
    assert {"unrendered", "unknown_file"} <= missed <= {"without_id", "unrendered", "unknown_file"}
    told = {(bool(row.sent), bool(row.listed)) for row in all_of(month, Mailing.sent, Mailing.listed)}
    assert told == {(True, False), (False, True), (False, False)}


def test_the_same_seed_sends_the_same_mails():
    now = clock.now()
    first, second = (post(Random(7), ACCOUNTS[1], 100, now) for _ in range(2))
    assert first == second
    assert all(load.at < now for load in first.loads)
    assert all(ip_address(load.network).is_private or ip_address(load.network).is_global for load in first.loads)


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_its_images_are_whole(name):
    picture = read_picture(DRAWN[name]())
    assert picture.width > 300
    assert picture.height > 60


def test_what_readers_go_on_loading_is_an_open_of_that_image(month):
    noted = json.loads((runtime(month).settings.data_dir / NOTE).read_text("utf-8"))["images"]
    known = {row.file: row for row in all_of(month, Image.file, Image.content_type, Image.account_id)}
    before: set[UUID] = set(all_of(month, Open.id))
    for seed, path in enumerate((noted[0], noted[-1])):
        path, headers = open_of(Random(seed), [path])
        answer = month.test_client().get(path, headers=headers)
        assert answer.content_type == known[path.split("?")[0].removeprefix("/image/")].content_type
    new = [row for row in all_of(month, Open.id, Open.account_id, Open.is_signed) if (row.id,) not in before]
    assert len({row.account_id for row in new}) == 2
    assert {row.is_signed for row in new} == {True, False}
