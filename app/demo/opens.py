"""Writing the opens of a month, with the rows and figures that the recorder would have left."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, select

from app.core.bulk import BulkInsert
from app.core.db import begin_write
from app.core.rollup import Rollup
from app.core.runtime import runtime
from app.demo.cast import DemoAccount, Told
from app.demo.letters import Load, Post, post
from app.demo.mail_room import MailRoom, furnish, register
from app.demo.viewings import Month, Viewed, month_of
from app.opens.links import image_url, signature
from app.opens.mailings.models import MailedId
from app.opens.mailings.opened import Delay, add_delays
from app.opens.models import Open, OpenedId, OpenMissHour, UserAgent
from app.opens.rollups import Counted, shift
from app.opens.rules.programs import Described, describe

PART = 2_000  # rows of one transaction
WANTED = 200  # addresses of images, for the traffic that goes on


def fill_opens(
    random: Random, cast: DemoAccount, account_id: UUID, is_first: bool, mails: int, now: datetime
) -> tuple[int, list[str]]:
    """The images, mailings and opens of one company, within an app context. Returns how many opens it wrote, and where
    images of its latest mails are, as paths."""
    engine = runtime().engine
    room = furnish(cast, account_id, is_first, now)
    made = post(random, cast, mails, now)
    month = month_of(((load, random.getrandbits(74)) for load in made.loads), room.images, room.rules)
    with begin_write(engine) as connection:
        described = _meet(connection, month.opens)
    for part in _parts(month.opens):
        with begin_write(engine) as connection:
            _write(connection, room, described, part)
    _list_mailed(engine, room, made, month)
    with begin_write(engine) as connection:
        _write_ids(connection, account_id, month)
        _add_misses(connection, {(account_id, *key): (number,) for key, number in month.misses.items()})
    return len(month.opens), _paths(room, made)


def _parts(items: Sequence[Any]) -> list[Sequence[Any]]:
    return [items[start : start + PART] for start in range(0, len(items), PART)]


# -- opens ------------------------------------------------------------------------------------------------------------

_OPEN_COLUMNS = [column.name for column in Open.__table__.columns]
_insert_opens = BulkInsert(Open, _OPEN_COLUMNS)
_insert_agents = BulkInsert(UserAgent, [column.name for column in UserAgent.__table__.columns])
_insert_ids = BulkInsert(OpenedId, [column.name for column in OpenedId.__table__.columns])
_insert_mailed = BulkInsert(MailedId, [column.name for column in MailedId.__table__.columns])
_add_misses = Rollup(OpenMissHour)


def _meet(connection: Connection, opens: Sequence[Viewed]) -> dict[UUID, Described]:
    """The user agents, described; each is kept once."""
    first: dict[UUID, Load] = {}
    for one in opens:
        first.setdefault(one.agent_id, one.load)
    described = {id_: describe(load.agent) for id_, load in first.items()}
    known = set(connection.scalars(select(UserAgent.id)))
    rows = [
        {"id": id_, "text": load.agent, "first_seen_at": load.at, **described[id_]._asdict()}
        for id_, load in first.items()
        if id_ not in known
    ]
    _insert_agents(connection, rows)
    return described


def _write(connection: Connection, room: MailRoom, described: dict[UUID, Described], part: Sequence[Viewed]) -> None:
    _insert_opens(connection, [_row(room, one, described[one.agent_id]) for one in part])
    shift(connection, [(None, _counted(room.account_id, one, described[one.agent_id])) for one in part])


def _row(room: MailRoom, one: Viewed, agent: Described) -> dict[str, Any]:
    load = one.load
    return {
        "account_id": room.account_id,
        "created_at": load.at,
        "id": one.id,
        "ref": load.ref,
        "file": load.file,
        "image_id": one.image_id,
        "agent_id": one.agent_id,
        "address": load.network,
        "referer": load.referer,
        "class": one.verdict.open_class.value,
        "reason": one.verdict.reason,
        "rule_version": one.verdict.version,
        "client": agent.client,
        "device": agent.device,
        "hits": one.hits,
        "is_view": one.is_view,
        "is_first": one.is_first,
        "is_cut": False,
        "is_signed": room.names_itself,
    }


def _counted(account_id: UUID, one: Viewed, agent: Described) -> Counted:
    return Counted(
        account_id, one.load.at, one.image_id, one.verdict.open_class, agent.client, agent.device, one.hits,
        one.is_view, one.is_first,
    )  # fmt: skip


def _write_ids(connection: Connection, account_id: UUID, month: Month) -> None:
    rows = [{name: getattr(standing, name) for name in _STANDING} for standing in month.standings.values()]
    for ref, row in zip(month.standings, rows, strict=True):
        row |= {"account_id": account_id, "ref": ref}
    _insert_ids(connection, rows)


_STANDING = ("views", "automatic", "first_at", "last_at", "last_hit_at", "burst_hour", "burst", "awaited")


# -- mailings ---------------------------------------------------------------------------------------------------------


def _list_mailed(engine: Engine, room: MailRoom, made: Post, month: Month) -> None:
    for sent in made.sent:
        id_ = register(room, sent)
        if sent.mailing.told != Told.IDS:
            continue
        mailed = [(ref, _opened_at(month, ref, sent.at)) for ref in sent.refs]
        delays: list[Delay] = [(room.account_id, id_, sent.at, at) for _, at in mailed if at is not None]
        rows = [
            {"account_id": room.account_id, "ref": ref, "mailing_id": id_, "sent_at": sent.at, "opened_at": at}
            for ref, at in mailed
        ]
        with begin_write(engine) as connection:
            _insert_mailed(connection, rows)
            add_delays(connection, delays)


def _opened_at(month: Month, ref: str, sent_at: datetime) -> datetime | None:
    """The first counted open since it was sent. An id that was opened before goes on waiting for one."""
    opened = month.opened.get(ref, [])
    place = bisect_left(opened, sent_at)
    if place < len(opened):
        return opened[place]
    if opened:
        month.standings[ref].awaited = True
    return None


def _paths(room: MailRoom, made: Post) -> list[str]:
    """Of the latest mailing."""
    sent = max(made.sent, key=lambda one: one.at)
    file = sent.mailing.files[0]
    more = [
        {"k": room.keys.account_key, "s": signature(room.keys.signing[0], file, ref)} for ref in sent.refs[-WANTED:]
    ]
    given = more if room.names_itself else [{} for _ in more]
    return [image_url("", file, ref, **each) for ref, each in zip(sent.refs[-WANTED:], given, strict=True)]
