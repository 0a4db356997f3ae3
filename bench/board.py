"""P12: the board of a funnel with 50, 500 and 10,000 cards, what is asked every four seconds, and a move."""

from __future__ import annotations

import gzip
import html
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from uuid import UUID

from sqlalchemy import func, select
from werkzeug.test import Client

from app.accounts import audit
from app.accounts.sign_in import first_account
from app.core.db import db
from app.core.runtime import runtime
from app.funnels.models import Card, CardChange
from app.funnels.structure import reading
from bench.cards import fill_funnel
from bench.goals import Bench, Goal, check, median
from bench.people import fill_contacts
from bench.stand import Stand, stand
from bench.stopwatch import Stopwatch, Times

MOST_MS = 10.0
SMALL, MIDDLE = 50, 500


@dataclass(slots=True)
class Asker:
    """One who looks at boards and moves cards, in this process."""

    product: Stand
    browser: Client
    watch: Stopwatch
    funnels: dict[int, UUID]
    times: dict[tuple[str, int], Times] = field(default_factory=dict)
    pages: dict[int, str] = field(default_factory=dict)  # the boards as they were fetched last
    answered: int = 0  # bytes of the latest move's answer
    moves: int = 0
    token: str = ""

    def measure(self, what: str, cards: int) -> None:
        ask = {"board": lambda _: self.board, "nothing new": self.next_look, "move": self.next_move}[what](cards)
        self.times.setdefault((what, cards), Times()).measure(self.watch, partial(ask, cards))

    def board(self, cards: int) -> None:
        answer = self.browser.get(f"/funnels/{self.funnels[cards]}")
        check(answer.status_code == 200, f"the board of {cards} cards answered {answer.status_code}")
        self.pages[cards] = answer.text

    def next_look(self, cards: int) -> Callable[[int], None]:
        """Asks for what is newer than the board that was fetched just now."""
        address, revision = (_attribute(self.pages[cards], name) for name in ("data-changes", "data-revision"))

        def look(_cards: int) -> None:
            answer = self.browser.get(f"{address}&since={revision}")
            check(answer.status_code == 204, f"{address} answered {answer.status_code}")

        return look

    def next_move(self, cards: int) -> Callable[[int], None]:
        """The topmost card of the fuller one of the first two stages goes below the first of the other; what that takes
        is found out before the watch runs."""
        with self.product.app.app_context():
            ids = [stage.id for stage in reading.stages_of(db.session(), self.funnels[cards])[:2]]
            counted = select(Card.stage_id).where(Card.stage_id.in_(ids)).group_by(Card.stage_id)
            fuller = db.session.scalar(counted.order_by(func.count().desc()).limit(1))
            other = next(id_ for id_ in ids if id_ != fuller)
            top = select(Card.id, Card.version).where(Card.stage_id == fuller).order_by(Card.rank).limit(1)
            below = select(Card.id).where(Card.stage_id == other).order_by(Card.rank).limit(1)
            (card_id, version), after = db.session.execute(top).one(), db.session.scalar(below)
            db.session.rollback()
        form = {"stage": str(other), "after": str(after), "version": version, "csrf_token": self.token}
        path = f"/funnels/{self.funnels[cards]}/cards/{card_id}/move"

        def move(_cards: int) -> None:
            answer = self.browser.post(path, data=form, headers={"Accept": "application/json"})
            check(answer.status_code == 200, f"a move answered {answer.status_code}: {answer.text[:200]}")
            self.answered = len(answer.data)

        return move


def run(bench: Bench) -> list[Goal]:
    sizes = (SMALL, MIDDLE, bench.scale.cards)
    with ExitStack() as stack:
        asker = stack.enter_context(_asker(bench, sizes))
        for cards in sizes:
            asker.board(cards)  # imports, templates, caches
        for number in range(bench.scale.rounds):
            for _ in range(bench.scale.reads):
                for cards in sizes:
                    for what in ("board", "nothing new", "move"):
                        asker.measure(what, cards)
                asker.moves += 1
            bench.say(f"board round {number + 1}: {', '.join(f'{k} {v}' for k, v in asker.times.items())}")
        _check_history(asker, sizes)
        return [
            _page(asker, MIDDLE),
            _page(asker, bench.scale.cards, judged=False),
            _move(asker, MIDDLE),
            _move(asker, bench.scale.cards),
        ]


def _page(asker: Asker, cards: int, *, judged: bool = True) -> Goal:
    ours, small = asker.times["board", cards], asker.times["board", SMALL]
    took = median(ours.clock_ms)
    page = asker.pages[cards].encode()
    plain, zipped = len(page), len(gzip.compress(page, 6))
    size = f"{plain / 1000:.0f} kB, {zipped / 1000:.1f} kB gzipped"
    return Goal(
        "P12", f"board, {cards:,} cards", f"{ours}; {size}", f"{small} with {SMALL} cards",
        f"{took / median(small.clock_ms):.2f}×", f"≤ {MOST_MS:g} ms" if judged else "",
        took <= MOST_MS if judged else None,
        [f"processor {median(ours.cpu_ms):.1f} ms; asked for news, of which there is none: "
         f"{asker.times['nothing new', cards]}"],
        {"times": asdict(ours), "bytes": plain, "gzipped": zipped},
    )  # fmt: skip


def _move(asker: Asker, cards: int) -> Goal:
    ours, small = asker.times["move", cards], asker.times["move", SMALL]
    return Goal(
        "P12", f"a move, {cards:,} cards", f"{ours}; {asker.answered} bytes", f"{small} with {SMALL} cards",
        f"{median(ours.clock_ms) / median(small.clock_ms):.2f}×", "", None, [], {"times": asdict(ours)},
    )  # fmt: skip


def _check_history(asker: Asker, sizes: tuple[int, ...]) -> None:
    with asker.product.app.app_context():
        changes = db.session.scalar(select(func.count()).select_from(CardChange))
    wanted = sum(sizes) + len(sizes) * asker.moves
    check(changes == wanted, f"{wanted} changes were made and {changes} are in the history")


@contextmanager
def _asker(bench: Bench, sizes: tuple[int, ...]) -> Iterator[Asker]:
    with stand(bench.folder) as product:
        engine, browser = runtime(product.app).engine, product.browser()
        with product.app.app_context():
            actor = audit.system_actor(first_account(db.session()).id)
            db.session.rollback()
            fill_contacts(engine, actor.account_id, sum(sizes))
            funnels = {cards: fill_funnel(engine, actor, f"{cards} cards", cards) for cards in sizes}
        bench.say(f"{sum(sizes):,} cards are filled in")
        watch = Stopwatch()
        watch.watch(engine)
        asker = Asker(product, browser, watch, funnels)
        asker.board(SMALL)
        found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', asker.pages[SMALL])
        check(found is not None, "the board has no CSRF token")
        asker.token = found[1] if found else ""
        yield asker


def _attribute(page: str, name: str) -> str:
    found = re.search(rf'{name}="([^"]+)"', page)
    check(found is not None, f"the board has no {name}")
    return html.unescape(found[1]) if found else ""
