"""P11: contacts from a CSV file, by our import and by the way most people would write it, with the same checks."""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import create_app
from app.accounts.sign_in import first_account
from app.contacts import grouping, search
from app.contacts.consent.models import ConsentEvent
from app.contacts.consent.states import Channel
from app.contacts.importing import keeping, rows, service
from app.contacts.importing.jobs import batches
from app.contacts.importing.judge import Candidate, Judge
from app.contacts.importing.matching import Aim, Created, decide
from app.contacts.importing.models import ContactImport, ImportProblem
from app.contacts.importing.plan import Answer, ConsentAnswer, Mode, Plan, Target
from app.contacts.importing.reasons import Problem
from app.contacts.models import Contact, ContactTag
from app.contacts.values import derive
from app.core import clock, jobs, migrate
from app.core.access import Actor
from app.core.db import begin_write, db, write
from app.core.ids import uuid7
from app.core.runtime import runtime
from app.core.settings import Settings
from bench.goals import Bench, Goal, check, median

LEAST = 5.0
Work = Callable[[], int]  # gives how many rows it went through
COMMITTED = 1_000  # objects of a session of the reference
HEADER = "Nome;Celular;E-mail;Empresa;Etiquetas\r\n"
FIRST = ("José", "Ana", "João", "Conceição", "Luíza", "Paulo", "Márcia", "Antônio", "Beatriz", "Ênio")
LAST = ("Silva", "Araújo", "Gonçalves", "Souza", "Conceição", "Lima", "Guimarães", "Ribeiro", "Assunção", "Melo")
COLUMNS = (Target.NAME, Target.PHONE, Target.EMAIL, Target.COMPANY, Target.TAGS)
PLAN = Plan(
    {place: str(target) for place, target in enumerate(COLUMNS)},
    ConsentAnswer(Answer.GRANTED, tuple(Channel), detail="Feira de 2026", on=date(2026, 11, 1)),
    mode=Mode.SKIP,
    tags=("feira",),
)
STORED = ("name", "folded_name", "phone", "phone_key", "email", "company", "whatsapp_consent", "email_consent",
          "searchable")  # fmt: skip


def run(bench: Bench) -> list[Goal]:
    ours, other = Side(bench.folder / "ours"), Side(bench.folder / "orm")
    random_ = random.Random(11)
    size = bench.scale.import_rows // bench.scale.rounds
    for number in range(bench.scale.rounds):
        content = file_of(random_, number * size, size)
        ours.measure(ours.by_us, content)
        other.measure(other.by_orm, content)
        bench.say(f"import round {number + 1}: {ours} against {other}")
    total = size * bench.scale.rounds
    _check_equal(ours, other, total)
    return [_goal(bench, ours, other, total)]


def file_of(random_: random.Random, first: int, size: int) -> bytes:
    """Latin-1, semicolons; of a hundred rows two are wrong and five repeat an earlier one."""
    lines = [HEADER]
    for number in range(first, first + size):
        kind = number % 100
        person = number - 7 if kind in (20, 40, 60, 80, 95) else number
        ddd, digits = 11 + person % 9, 80_000_000 + person
        phone = "5,51199E+12" if kind == 3 else f"({ddd}) 9{digits // 10_000}-{digits % 10_000:04d}"
        email = "não tem" if kind == 50 else f"pessoa{person}@example.com.br"
        name = f"{random_.choice(FIRST)} {random_.choice(LAST)} {random_.choice(LAST)}"
        lines.append(f"{name};{phone};{email};Empresa {person % 1_000};cliente\r\n")
    return "".join(lines).encode("cp1252")


def _goal(bench: Bench, ours: Side, other: Side, total: int) -> Goal:
    """By the clock, or on a shared machine by processor time."""
    by_clock, by_cpu = (
        median([theirs / mine for mine, theirs in zip(own, others, strict=True)])
        for own, others in ((ours.clock_us, other.clock_us), (ours.cpu_us, other.cpu_us))
    )
    ratio = by_cpu if bench.machine.is_shared else by_clock
    return Goal(
        "P11", f"import of {total:,} contacts from CSV", str(ours), f"{other}: ORM add_all, the same checks",
        f"{ratio:.1f}×", f"≥ {LEAST:g}×", ratio >= LEAST,
        [f"{by_clock:.1f}× by the clock, {by_cpu:.1f}× by processor time; memory grew by {ours.grown_mb:.0f} MB, the "
         f"reference's by {other.grown_mb:.0f} MB"],
        {"clock_us": [ours.clock_us, other.clock_us], "cpu_us": [ours.cpu_us, other.cpu_us], "rows": total},
    )  # fmt: skip


def _check_equal(ours: Side, other: Side, total: int) -> None:
    """Both took the same people, with all that comes with them, and refused the same rows."""
    check(ours.rows == other.rows == total, f"{ours.rows} and {other.rows} of {total} rows were read")
    for model in (Contact, ConsentEvent, ContactTag, ImportProblem):
        counted = ours.count(model), other.count(model)
        check(
            counted[0] == counted[1] > 0, f"{model.__tablename__} has {counted[0]} rows, the reference's {counted[1]}"
        )
    check(all(mine == theirs for mine, theirs in zip(ours.stored(), other.stored(), strict=True)), "contacts differ")


def _peak_mb() -> float:
    """The most memory that this process had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@dataclass(slots=True)
class Side:
    """One product on a database of its own, and what it took."""

    folder: Path
    app: Flask = field(init=False)
    actor: Actor = field(init=False)
    rows: int = 0
    clock_us: list[float] = field(default_factory=list)  # a row
    cpu_us: list[float] = field(default_factory=list)
    grown_mb: float = 0.0

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.app = create_app(Settings.load({}, data_dir=self.folder))
        migrate.upgrade(self.app)
        with self.app.app_context():
            self.actor = Actor(first_account(db.session()).id, None, "system")

    def measure(self, begin: Callable[[bytes], Work], content: bytes) -> None:
        with self.app.app_context():
            work = begin(content)
            before, cpu, began = _peak_mb(), time.process_time(), time.perf_counter()
            done = work()
            took, used = time.perf_counter() - began, time.process_time() - cpu
        self.grown_mb += _peak_mb() - before
        self.clock_us.append(took / done * 1e6)
        self.cpu_us.append(used / done * 1e6)
        self.rows += done

    def by_us(self, content: bytes) -> Work:
        """The upload is done; the import is a job like any other."""
        row = keeping.receive(self.actor, "pessoas.csv", BytesIO(content))
        with write():
            job_id = service.start_at_once(self.actor, service.get(self.actor.account_id, row.id, lock=True), PLAN)

        def work() -> int:
            jobs.run(runtime(self.app), job_id)
            found = service.get(self.actor.account_id, row.id)
            check(found.state == "done", f"the import is {found.state}")
            return found.created + found.updated + found.skipped + found.invalid

        return work

    def by_orm(self, content: bytes) -> Work:
        """The same pieces of the file, judged and looked up alike; then objects, `add_all` and a commit."""
        row = keeping.receive(self.actor, "pessoas.csv", BytesIO(content))
        return lambda: Reference(self.app, self.actor, row).run()

    def __str__(self) -> str:
        return f"{1e6 / median(self.clock_us):,.0f} rows/s ({median(self.cpu_us):.0f} µs of the processor a row)"

    def stored(self) -> Iterator[tuple[Any, ...]]:
        with runtime(self.app).engine.connect() as connection:
            columns = [getattr(Contact, name) for name in STORED]
            for one in connection.execute(select(*columns).order_by(Contact.phone_key)):
                yield (*one[:-1], one.searchable.partition("\n")[2])  # without the mark of the account

    def count(self, model: Any) -> int:
        with runtime(self.app).engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(model)) or 0


@dataclass(slots=True)
class Reference:
    """One commit and one `add_all` per thousand rows."""

    app: Flask
    actor: Actor
    file: ContactImport

    def run(self) -> int:
        state = runtime(self.app)
        aim = Aim(self.actor.account_id, self.file.id, PLAN, state.settings.pii_hash_key)
        judge = Judge(PLAN, len(self.file.columns), [], "55")
        found = rows.read_rows(state.engine, self.file.id, self.file.encoding, self.file.delimiter)
        done = 0
        for part in batches(found, COMMITTED):
            with begin_write(state.engine) as connection, Session(connection, expire_on_commit=False) as session:
                self._store(session, aim, [judge.read(one) for one in part])
                session.commit()
            done += len(part)
        return done

    def _store(self, session: Session, aim: Aim, judged: list[Candidate | Problem]) -> None:
        connection = session.connection()
        decisions = decide(connection, aim, [one for one in judged if isinstance(one, Candidate)])
        tags = grouping.tag_ids(connection, aim.account_id, ["cliente", *PLAN.tags])
        now = clock.now()
        people = [(one, self._contact(one, now)) for one in decisions if isinstance(one, Created)]
        session.add_all(contact for _one, contact in people)
        for one, contact in people:
            session.add_all(self._proofs(one, contact, now))
        session.add_all(
            ImportProblem(
                import_id=aim.import_id, row=one.row, reason=str(one.reason), column=one.column, is_skip=one.is_skip
            )
            for one in (*judged, *decisions)
            if isinstance(one, Problem)
        )
        session.flush()
        session.add_all(
            ContactTag(tag_id=id_, contact_serial=contact.serial) for _one, contact in people for id_ in tags
        )
        session.flush()
        search.tend(connection)

    def _contact(self, one: Created, now: datetime) -> Contact:
        contact = Contact(
            **{"name": "", "custom": {}, **one.candidate.values, **one.consents},
            id=uuid7(), account_id=self.actor.account_id, source="import", import_id=self.file.id,
            created_at=now, updated_at=now, version=1,
        )  # fmt: skip
        derive(contact)
        return contact

    def _proofs(self, one: Created, contact: Contact, now: datetime) -> list[ConsentEvent]:
        return [
            ConsentEvent(
                id=uuid7(), account_id=self.actor.account_id, contact_id=contact.id, channel=channel,
                purpose="marketing", state="granted", basis="consent", source="import", detail=PLAN.consent.detail,
                at=datetime(2026, 11, 1, 3, tzinfo=UTC), created_at=now, actor="system",
            )
            for channel in Channel
            if one.consents.get(f"{channel}_consent") == "granted"
        ]  # fmt: skip
