"""What tests of opens share: loads of an image, made-up ones written by the real recorder, uploads, and the recount."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import Connection, Row, delete, insert, select
from werkzeug.test import Client as WsgiClient
from werkzeug.test import TestResponse

from app.accounts.models import Account
from app.core import clock, config_version
from app.core.addresses import read_address
from app.core.db import begin_write
from app.core.ids import created_at, uuid7, uuid7_at
from app.core.rollup import hour_of
from app.core.runtime import runtime
from app.opens.ids import clean
from app.opens.images.models import Image, ImageContent
from app.opens.models import COUNTED, Open, OpenedId, OpenHour, OpenMissHour, OpenSliceDay, OpenSliceHour
from app.opens.recording.hit import Hit
from app.opens.recording.judge import Load, judge
from app.opens.recording.library import Library
from app.opens.recording.recorder import OpenRecorder
from app.opens.rules import settings as open_settings
from app.opens.rules.agents import cut

OUTLOOK = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 "
    "Edg/120.0.0.0 OneOutlook/1.2024.111.100"
)
THUNDERBIRD = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.5.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
APPLE = "Mozilla/5.0"
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
ADDRESS = "203.0.113.7"
BATCH = 250
PIXELS = {  # what each type begins with, and a body of its own behind it
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/gif": b"GIF89a",
    "image/jpeg": b"\xff\xd8\xff\xe0",
    "image/webp": b"RIFF\x10\x00\x00\x00WEBP",
}


# -- through HTTP ---------------------------------------------------------------------------------------------------


def loads(
    client: WsgiClient | Any,
    path: str = "/image/logo.png?id_fatura=FAT001",
    agent: str = OUTLOOK,
    address: str = ADDRESS,
    *,
    method: str = "GET",
    **headers: str,
) -> TestResponse:
    """One load: `loads(client, "/image/logo.png?id_fatura=FAT1", agent=GMAIL, If_None_Match="x")`. Headers' names have
    `_` for `-`."""
    sent = {"User-Agent": agent, **{name.replace("_", "-"): value for name, value in headers.items()}}
    answer: TestResponse = client.open(path, method=method, headers=sent, environ_base={"REMOTE_ADDR": address})
    return answer


# -- without HTTP ---------------------------------------------------------------------------------------------------


def asked(
    ref: str = "FAT001",
    file: str = "logo.png",
    *,
    at: datetime | None = None,
    agent: str = OUTLOOK,
    address: str = ADDRESS,
    key: str = "",
    signature: str = "",
    referer: str | None = None,
    is_ahead: bool = False,
) -> Hit:
    """A load as the route would read it, at any time (`at`, by default now)."""
    id_ = uuid7() if at is None else uuid7_at(at, uuid7().int)
    return Hit(
        id_, created_at(id_), file.lower(), clean(ref), key, signature, "", cut(agent), read_address(address), referer,
        is_ahead,
    )  # fmt: skip


def record(app: Flask, hits: Iterable[Hit]) -> list[Load]:
    """Writes loads as the route does (judged, folded, counted), many in one transaction; thousands in a second."""
    state = runtime(app)
    library = Library(state.engine, state.vault)
    recorder = OpenRecorder(library)
    done: list[Load] = []
    waiting = iter(hits)
    while batch := [_judged(library, hit) for hit in islice(waiting, BATCH)]:
        with begin_write(state.engine) as connection:
            recorder.record(connection, batch)
        done += batch
    return done


def _judged(library: Library, hit: Hit) -> Load:
    account = library.account(hit.account_key)
    assert account is not None, f"no account has the key {hit.account_key}"
    return judge(hit, account, library.image(account.id, hit.file))


def account_of(app: Flask) -> UUID:
    """The first account."""
    with runtime(app).engine.connect() as connection:
        found: UUID = connection.scalars(select(Account.id).order_by(Account.created_at, Account.id)).first()  # type: ignore[assignment]
        return found


def keys_of(app: Flask, account_id: UUID | None = None) -> open_settings.Keys:
    """The account's keys, made if there are none."""
    with begin_write(runtime(app).engine) as connection:
        return open_settings.make(connection, runtime(app).vault, account_id or account_of(app))


def content_of(content_type: str, text: str = "") -> bytes:
    """Bytes that begin as this type does; no picture."""
    return PIXELS[content_type] + text.encode()


def upload(
    app: Flask,
    account_id: UUID | None = None,
    file: str = "logo.png",
    content: bytes | None = None,
    content_type: str = "image/png",
    **fields: Any,
) -> UUID:
    """An image of these bytes, in the place of one of the same name; `fields` are columns of `Image`."""
    owner = account_id or account_of(app)
    now = clock.now()
    body = content if content is not None else content_of(content_type, file)
    id_ = uuid7()
    row = {
        "id": id_, "account_id": owner, "file": file, "name": file, "content_type": content_type, "width": 1,
        "height": 1, "size": len(body), "signed_only": False, "created_at": now, "updated_at": now, "version": 1,
    } | fields  # fmt: skip
    with begin_write(runtime(app).engine) as connection:
        _delete(connection, owner, file)
        connection.execute(insert(Image).values(**row))
        connection.execute(insert(ImageContent).values(image_id=id_, content=body))
        config_version.bump(connection)
    return id_


def remove(app: Flask, file: str = "logo.png", account_id: UUID | None = None) -> None:
    with begin_write(runtime(app).engine) as connection:
        _delete(connection, account_id or account_of(app), file)
        config_version.bump(connection)


def _delete(connection: Connection, account_id: UUID, file: str) -> None:
    known = select(Image.id).where(Image.account_id == account_id, Image.file == file)
    connection.execute(delete(ImageContent).where(ImageContent.image_id.in_(known)))
    connection.execute(delete(Image).where(Image.account_id == account_id, Image.file == file))


# -- what is stored -------------------------------------------------------------------------------------------------

TABLE: Any = Open.__table__


def opens(app: Flask, account_id: UUID | None = None) -> list[Row[Any]]:
    """The rows of an account's opens, oldest first; a row's class is `row._mapping["class"]`."""
    with runtime(app).engine.connect() as connection:
        wanted = select(TABLE).where(TABLE.c.account_id == (account_id or account_of(app)))
        return list(connection.execute(wanted.order_by(TABLE.c.created_at, TABLE.c.id)))


def misses(app: Flask, account_id: UUID | None = None) -> dict[tuple[str, str], int]:
    """(reason, file) → loads."""
    found: Counter[tuple[str, str]] = Counter()
    wanted = select(OpenMissHour.reason, OpenMissHour.file, OpenMissHour.hits)
    with runtime(app).engine.connect() as connection:
        for reason, file, hits in connection.execute(
            wanted.where(OpenMissHour.account_id == (account_id or account_of(app)))
        ):
            found[reason, file] += hits
    return dict(found)


# -- the recount ----------------------------------------------------------------------------------------------------

Figures = dict[tuple[Any, ...], tuple[Any, ...]]


def recount(connection: Connection, account_id: UUID) -> None:
    """Fails unless every stored figure of the account is what its raw rows give, and each id has its one first open."""
    rows = connection.execute(select(TABLE).where(TABLE.c.account_id == account_id)).all()
    told = stored_figures(connection, account_id)
    for name, true in counted_figures([row._mapping for row in rows]).items():
        assert told[name] == true, f"{name}: {_difference(told[name], true)}"
    assert told["first rows"] == told["ids with a first open"], "ids whose first open is not one row"


def counted_figures(rows: Sequence[Mapping[Any, Any]]) -> dict[str, Figures]:
    """By the rows alone, written as they are described and not as the program counts."""
    hours: defaultdict[Any, list[int]] = defaultdict(lambda: [0] * 4)
    slices: dict[str, defaultdict[Any, list[int]]] = {
        "slices of hours": defaultdict(lambda: [0] * 4),
        "slices of days": defaultdict(lambda: [0] * 4),
    }
    ids: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        hour = hour_of(row["created_at"])
        is_person = row["class"] in COUNTED
        view = int(row["is_view"])
        _add(hours[(hour,)], (view * is_person, view * (not is_person), int(row["is_first"]), row["hits"]))
        what = (row["image_id"], row["class"], row["client"] or "", row["device"] or "")
        figures = (view, 1, int(row["is_first"]), row["hits"])
        _add(slices["slices of hours"][(hour, *what)], figures)
        _add(slices["slices of days"][(hour.replace(hour=0), *what)], figures)
        ids[row["ref"]].append((row["created_at"], is_person and bool(row["is_view"]), view * (not is_person)))
    return {
        "hours": _tuples(hours),
        **{name: _tuples(one) for name, one in slices.items()},
        "ids": {(ref,): _standing(loads) for ref, loads in ids.items()},
    }


def _standing(loads: Sequence[tuple[datetime, bool, int]]) -> tuple[Any, ...]:
    views = [at for at, counts, _ in loads if counts]
    return len(views), sum(automatic for *_, automatic in loads), min(views, default=None), max(views, default=None)


def stored_figures(connection: Connection, account_id: UUID) -> dict[str, Any]:
    """What is kept, summed over shards; rows of nothing but noughts are left out."""
    ids = select(OpenedId.ref, OpenedId.views, OpenedId.automatic, OpenedId.first_at, OpenedId.last_at)
    known = {(ref,): tuple(rest) for ref, *rest in connection.execute(ids.where(OpenedId.account_id == account_id))}
    first = select(TABLE.c.ref).where(TABLE.c.account_id == account_id, TABLE.c.is_first)
    what = ["image_id", "class", "client", "device"]
    counts = ["views", "opens", "firsts", "hits"]
    return {
        "hours": _sums(connection, OpenHour, account_id, ["hour"], ["views", "automatic", "firsts", "hits"]),
        "slices of hours": _sums(connection, OpenSliceHour, account_id, ["hour", *what], counts),
        "slices of days": _sums(connection, OpenSliceDay, account_id, ["day", *what], counts),
        "ids": known,
        "first rows": sorted(connection.scalars(first)),
        "ids with a first open": sorted(ref for (ref,), (_, _, first_at, _) in known.items() if first_at is not None),
    }


def _sums(connection: Connection, model: Any, account_id: UUID, keys: list[str], counts: list[str]) -> Figures:
    columns = model.__table__.c
    found: defaultdict[Any, list[int]] = defaultdict(lambda: [0] * len(counts))
    wanted = select(*(columns[name] for name in keys + counts)).where(columns.account_id == account_id)
    for row in connection.execute(wanted):
        _add(found[tuple(row[: len(keys)])], row[len(keys) :])
    return _tuples(found)


def _add(total: list[int], more: Sequence[int]) -> None:
    for place, number in enumerate(more):
        total[place] += number


def _tuples(found: Mapping[Any, Sequence[int]]) -> Figures:
    return {key: tuple(counts) for key, counts in found.items() if any(counts)}


def _difference(told: Figures, true: Figures) -> str:
    odd = [key for key in {*told, *true} if told.get(key) != true.get(key)]
    return "; ".join(f"{key}: kept {told.get(key)}, by the rows {true.get(key)}" for key in odd[:5])
