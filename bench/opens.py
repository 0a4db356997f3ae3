"""P1 to P3: an image, its open classified and on disk, against a route that records nothing and an ORM view."""

from __future__ import annotations

import base64
import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from app.core.runtime import runtime
from app.opens.rules.describe import describe_new
from bench.compare import against, fastest, tail, warm
from bench.goals import Bench, Goal, check
from bench.load import CONNECTIONS, Shot
from bench.peers import can_run, not_run
from bench.pictures import FILE, picture, shot, upload
from bench.sides import Side, served
from bench.stand import Stand, stand

SLOW_DISK_MS = 1.0  # of an fdatasync: then 32 requests at a time measure the disk, not the program
MANY = 128
WHAT = "image open, recorded and durable"
LINK = base64.urlsafe_b64encode(json.dumps({"metadata": {"id_fatura": "FAT001"}}).encode()).decode()


def run(bench: Bench) -> list[Goal]:
    with contextlib.ExitStack() as stack:
        product, ours = stack.enter_context(_ours(bench))
        warm(bench, ours)
        describe_new(runtime(product.app).engine)  # as the ticker does within a second
        references = _References(bench, product)
        bare_name, bare = fastest(bench, stack, references.bare())
        naive_name, naive = fastest(bench, stack, references.naive())
        others = {}
        for name, start in references.others().items():
            others[name] = stack.enter_context(start())
            warm(bench, others[name])
        for number in range(bench.scale.rounds):
            for side in (ours, bare, naive, *others.values()):
                side.take(bench)
            bench.say(f"opens round {number + 1}: ours {ours}, bare Flask {bare}, ORM view {naive}")
        check_figures(product)
        bare_name = f"a Flask route that records nothing ({bare_name})"
        naive_name = f"a Flask-SQLAlchemy view that adds and commits, SQLite as it comes ({naive_name})"
        lines = [against(bench, "P2", WHAT, ours, side, name, None) for name, side in others.items()]
        if PYTRACKING not in others:
            lines.append(not_run("P2", WHAT, str(ours), PYTRACKING))
        return [
            against(bench, "P1", WHAT, ours, bare, bare_name, 1.8),
            against(bench, "P2", WHAT, ours, naive, naive_name, 25),
            *lines,
            tail(bench, "P3", "image open", ours, bare, bare_name),
        ]


CAREFUL, PYTRACKING = (
    "the same view with WAL, FULL and a longer wait",
    "pytracking in Flask with a Flask-SQLAlchemy model",
)


def check_figures(product: Stand) -> None:
    """Every load that was answered is one row, and the figures say as many."""
    rows = opens(product)
    counted = {
        "open_hour": product.scalar("SELECT sum(hits) FROM open_hour"),
        "open_slice_hour": product.scalar("SELECT sum(opens) FROM open_slice_hour"),
        "open_slice_day": product.scalar("SELECT sum(hits) FROM open_slice_day"),
        "opened_id": product.scalar("SELECT sum(views + automatic) FROM opened_id"),
    }
    for found, counts in counted.items():
        check(counts == rows, f"{rows} opens are stored, and {found} counted ({counts})")


def opens(product: Stand) -> int:
    return int(product.scalar("SELECT count(*) FROM email_open"))


def connections(bench: Bench) -> int:
    return MANY if bench.machine.fdatasync_p50_ms >= SLOW_DISK_MS else CONNECTIONS


@contextmanager
def _ours(bench: Bench) -> Iterator[tuple[Stand, Side]]:
    with stand(bench.folder) as product:
        (product.folder / FILE).write_bytes(picture())
        upload(product)
        with product.web() as (web, port):
            yield product, Side(shot(port), (web, product.valkey), lambda: opens(product), connections(bench))


# -- references -----------------------------------------------------------------------------------------------------

Start = Callable[[], contextlib.AbstractContextManager[Side]]


@dataclass(frozen=True, slots=True)
class _References:
    """Each behind granian; `threads` as it comes, as many as ours has, or one, whichever does most."""

    bench: Bench
    product: Stand
    names: set[str] = field(default_factory=set)

    def bare(self) -> dict[str, Start]:
        ours = self.product.settings.web_threads
        return {
            "granian's own number of threads": partial(self._bare, None),
            f"{ours} threads, as ours": partial(self._bare, ours),
        }

    def naive(self) -> dict[str, Start]:
        return {
            "one thread": partial(self._storing, "naive_image", {}, 1),
            "granian's own number of threads": partial(self._storing, "naive_image", {}, None),
        }

    def others(self) -> dict[str, Start]:
        """For comparison, without a goal."""
        found: dict[str, Start] = {CAREFUL: partial(self._storing, "naive_image", {"REFERENCE_CAREFUL": "1"}, None)}
        if can_run(self.bench, "pytracking"):
            link = Shot(0, f"/open/{LINK}?n=%ID%", {}, {})
            found[PYTRACKING] = partial(self._storing, "pytracking_image", {}, 1, link)
        return found

    @contextmanager
    def _bare(self, threads: int | None) -> Iterator[Side]:
        with served("bench.references.bare_image:app", self.bench.folder, self._environment(), threads) as (one, port):
            yield Side(shot(port), (one,), None, connections(self.bench))

    @contextmanager
    def _storing(
        self, module: str, environment: Mapping[str, str], threads: int | None, link: Shot | None = None
    ) -> Iterator[Side]:
        file = self.bench.folder / f"{module}-{len(self.names)}.db"
        self.names.add(file.name)
        variables = {"NAIVE_DATABASE_URL": f"sqlite:///{file}", **self._environment(), **environment}
        with served(f"bench.references.{module}:app", self.bench.folder, variables, threads) as (server, port):
            path = link.path if link else shot(port).path
            rows = partial(_count, file)
            yield Side(Shot(port, path, {}, {}), (server,), rows, connections(self.bench), may_fail=True)

    def _environment(self) -> dict[str, str]:
        return {"REFERENCE_IMAGE": str(self.product.folder / FILE)}


def _count(file: Path) -> int:
    with contextlib.closing(sqlite3.connect(file, timeout=30)) as connection:
        count: int = connection.execute("SELECT count(*) FROM image_views").fetchone()[0]
        return count
