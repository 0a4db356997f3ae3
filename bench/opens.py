"""P1 to P3: an image, its open classified and on disk, against a route that records nothing and an ORM view."""

from __future__ import annotations

import contextlib
import sqlite3
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import insert

from app.accounts.sign_in import first_account
from app.core import clock, config_version
from app.core.db import begin_write, db
from app.core.ids import uuid7
from app.core.runtime import runtime
from app.opens.images.models import Image, ImageContent
from app.opens.rules.describe import describe_new
from bench.goals import Bench, Goal, check, median
from bench.load import CONNECTIONS, Shot, fire, has_wrk
from bench.sides import Side, served
from bench.stand import Stand, stand

SLOW_DISK_MS = 1.0  # of an fdatasync: then 32 requests at a time measure the disk, not the program
MANY = 128
PATH = "/image/logo.png?id_fatura=%ID%"


def run(bench: Bench) -> list[Goal]:
    with contextlib.ExitStack() as stack:
        product, ours = stack.enter_context(_ours(bench))
        naive = stack.enter_context(_naive(bench, product))
        bare = stack.enter_context(_bare(bench, product))
        for side in (ours, naive, bare):
            fire(side.shot, 1.0, 60 if bench.scale.requests else None)  # imports, caches, pools, every user agent
            time.sleep(0.2)
        describe_new(runtime(product.app).engine)  # as the ticker does within a second
        for number in range(bench.scale.rounds):
            for side in (ours, naive, bare):
                side.take(bench)
            bench.say(f"opens round {number + 1}: ours {ours}, ORM view {naive}, bare Flask {bare}")
        _check_figures(product)
        return [
            _goal(bench, "P1", ours, bare, "a Flask route that records nothing", 1.8),
            _goal(bench, "P2", ours, naive, "a Flask-SQLAlchemy view that adds and commits", 25),
            _tail(bench, ours, bare),
        ]


def _goal(bench: Bench, key: str, ours: Side, other: Side, name: str, least: float) -> Goal:
    by_rate = median([mine / theirs for mine, theirs in zip(ours.rates, other.rates, strict=True)])
    by_cpu = median([theirs / mine for mine, theirs in zip(ours.cpu_us, other.cpu_us, strict=True) if mine])
    prefer_cpu = bench.machine.is_shared or not has_wrk()  # a client of ours is slower than the server
    decides = by_cpu if by_cpu and prefer_cpu else by_rate
    return Goal(
        key, "image open, recorded and durable", str(ours), f"{other}: {name}", f"{decides:.1f}×", f"≥ {least:g}×",
        decides >= least, [f"{by_rate:.1f}× by rate, {by_cpu:.1f}× by processor time"],
        {"rates": [ours.rates, other.rates], "cpu_us": [ours.cpu_us, other.cpu_us]},
    )  # fmt: skip


def _tail(bench: Bench, ours: Side, bare: Side) -> Goal:
    """Latency is what the clock says: on a shared machine, or with a client of ours, nobody can tell."""
    share = median([mine / theirs for mine, theirs in zip(ours.p99_ms, bare.p99_ms, strict=True) if theirs])
    blind = bench.machine.is_shared or not has_wrk()
    return Goal(
        "P3", f"image open, p99 under {ours.connections} connections", f"{median(ours.p99_ms):.1f} ms",
        f"{median(bare.p99_ms):.1f} ms: the Flask route that records nothing", f"{share:.2f}", "≤ 1.0",
        share <= 1.0 if share <= 1.0 or not blind else None, (), {"p99_ms": [ours.p99_ms, bare.p99_ms]},
    )  # fmt: skip


def _check_figures(product: Stand) -> None:
    """Every row is in the figures, and every id has its one open: nothing was folded, since no id came twice."""
    rows = product.scalar("SELECT count(*) FROM email_open")
    for counted in ("sum(hits) FROM email_open", "sum(hits) FROM open_hour", "sum(opens) FROM open_slice_day",
                    "count(*) FROM opened_id"):  # fmt: skip
        found = product.scalar(f"SELECT {counted}")
        check(found == rows, f"{rows} opens are stored, and {found} counted ({counted})")


@contextmanager
def _ours(bench: Bench) -> Iterator[tuple[Stand, Side]]:
    with stand(bench.folder) as product:
        (product.folder / "logo.png").write_bytes(picture())
        _upload(product)
        with product.web() as (web, port):
            yield product, Side(_shot(port), (web, product.valkey), lambda: _opens(product), connections(bench))


@contextmanager
def _naive(bench: Bench, product: Stand) -> Iterator[Side]:
    file = bench.folder / "naive-images.db"
    environment = {"NAIVE_DATABASE_URL": f"sqlite:///{file}", "REFERENCE_IMAGE": str(product.folder / "logo.png")}
    with served("bench.references.naive_image:app", bench.folder, environment, _threads(product)) as (server, port):
        yield Side(_shot(port), (server,), lambda: _count(file), connections(bench))


@contextmanager
def _bare(bench: Bench, product: Stand) -> Iterator[Side]:
    environment = {"REFERENCE_IMAGE": str(product.folder / "logo.png")}
    with served("bench.references.bare_image:app", bench.folder, environment, _threads(product)) as (server, port):
        yield Side(_shot(port), (server,), None, connections(bench))


def connections(bench: Bench) -> int:
    return MANY if bench.machine.fdatasync_p50_ms >= SLOW_DISK_MS else CONNECTIONS


def _shot(port: int) -> Shot:
    return Shot(port, PATH, {}, {})


def _opens(product: Stand) -> int:
    return int(product.scalar("SELECT count(*) FROM email_open"))


def _threads(product: Stand) -> int:
    return product.settings.web_threads


def _upload(product: Stand) -> None:
    """The picture, as the library stores it."""
    with product.app.app_context():
        account_id = first_account(db.session()).id
        db.session.remove()
    content, now, id_ = picture(), clock.now(), uuid7()
    row = {
        "id": id_, "account_id": account_id, "file": "logo.png", "name": "logo", "content_type": "image/png",
        "width": 64, "height": 32, "size": len(content), "created_at": now, "updated_at": now,
    }  # fmt: skip
    with begin_write(runtime(product.app).engine) as connection:
        connection.execute(insert(Image).values(**row))
        connection.execute(insert(ImageContent).values(image_id=id_, content=content))
        config_version.bump(connection)


def picture() -> bytes:
    """A true PNG of some 2 KB, as a small logo is."""
    lines = b"".join(b"\0" + bytes((x * y * 7 + x * x) % 256 for x in range(64)) for y in range(32))
    parts = ((b"IHDR", struct.pack(">IIBBBBB", 64, 32, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _count(file: Path) -> int:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        count: int = connection.execute("SELECT count(*) FROM image_views").fetchone()[0]
        return count
