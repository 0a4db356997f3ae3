"""A part of a file, written: contacts made and changed, and all that comes with each, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select, update

from app.contacts import news, search
from app.contacts.importing.grouping import Added, Groups
from app.contacts.importing.judge import Candidate
from app.contacts.importing.matching import Aim, Changed, Created, decide
from app.contacts.importing.models import ContactImport, ImportChange, ImportProblem
from app.contacts.importing.reasons import Problem, Reason
from app.contacts.importing.saying import Said, Voice
from app.contacts.importing.statements import WholeInsert, WholeUpdate
from app.contacts.models import Contact, TimelineEntry
from app.contacts.service import Source
from app.contacts.values import derived
from app.core import clock, events
from app.core.access import Actor
from app.core.bulk import BulkInsert
from app.core.direct import Direct
from app.core.ids import uuid7

ROUNDS = 3  # somebody else made the same contact in this very moment: then it is there
CREATED = (
    "id", "account_id", "name", "folded_name", "phone", "phone_key", "phone_raw", "email", "company", "locale",
    "custom", "whatsapp_consent", "email_consent", "source", "import_id", "searchable", "created_by", "created_at",
    "updated_at", "version",
)  # fmt: skip
CHANGED = (
    "name", "folded_name", "phone", "phone_key", "phone_raw", "email", "company", "locale", "custom",
    "whatsapp_consent", "email_consent", "searchable", "updated_at", "version",
)  # fmt: skip
_insert = WholeInsert(Contact, CREATED, "ON CONFLICT DO NOTHING")
put_all = WholeUpdate(Contact, "serial", CHANGED)
_before = BulkInsert(ImportChange, ("import_id", "contact_id", "before", "added", "version"))
_problems = BulkInsert(ImportProblem, ("import_id", "row", "reason", "column", "is_skip"), "ON CONFLICT DO NOTHING")
put_timeline = BulkInsert(TimelineEntry, ("id", "account_id", "contact_id", "kind", "facts", "actor_id", "actor", "at"))
_SERIALS = Direct(select(Contact.id, Contact.serial).where(Contact.id.in_(bindparam("ids", expanding=True))))
_EMPTY: dict[str, Any] = {}


@dataclass(slots=True)
class Tally:
    created: int = 0
    updated: int = 0
    skipped: int = 0
    invalid: int = 0

    @property
    def taken(self) -> int:
        return self.created + self.updated


class Store:
    """Writes the parts of one import. `created_by` is who asked for it, while they are there."""

    def __init__(self, aim: Aim, actor: Actor, filename: str, zone: ZoneInfo, created_by: UUID | None) -> None:
        self._aim = aim
        self._actor = actor
        self._created_by = created_by
        self._voice = Voice(aim, actor, filename, zone)

    def prepare(self, judged: Iterable[Candidate | Problem]) -> None:
        """What can be worked out before the transaction, in which others wait for us."""
        for one in judged:
            if isinstance(one, Candidate):
                given, own = one.values.get, self._aim.account_id
                one.derived = derived(
                    own, given("name", ""), given("email"), given("phone"), given("company"), one.custom
                )

    def write(self, connection: Connection, judged: Iterable[Candidate | Problem]) -> Tally:
        """One part, prepared: how much of it could be taken; why the rest was not is noted."""
        tally = Tally()
        problems: list[Problem] = []
        pending: list[Candidate] = []
        for one in judged:
            if isinstance(one, Problem):
                problems.append(one)
            else:
                pending.append(one)
        for _round in range(ROUNDS):
            refused, pending = self._write_some(connection, tally, pending)
            problems += refused
            if not pending:
                break
        problems += [Problem(one.row, Reason.REPEATED) for one in pending]
        self._note(connection, tally, problems)
        search.tend(connection)
        return tally

    def _write_some(
        self, connection: Connection, tally: Tally, candidates: Sequence[Candidate]
    ) -> tuple[list[Problem], list[Candidate]]:
        """The rows that were refused, and those whose contact somebody made in between."""
        decisions = decide(connection, self._aim, candidates, lock=True) if candidates else []
        problems = [one for one in decisions if isinstance(one, Problem)]
        good = [one for one in decisions if not isinstance(one, Problem)]
        groups = Groups(connection, self._aim, good)
        problems += [Problem(one.candidate.row, Reason.TOO_MANY_GROUPS) for one in good if not groups.has_category(one)]
        good = [one for one in good if groups.has_category(one)]
        created = [one for one in good if isinstance(one, Created)]
        changed = [one for one in good if isinstance(one, Changed)]
        lost = self._create(connection, groups, created)
        self._alter(connection, groups, changed)
        tally.created += len(created) - len(lost)
        tally.updated += len(changed)
        return problems, lost

    def _create(self, connection: Connection, groups: Groups, created: Sequence[Created]) -> list[Candidate]:
        if not created:
            return []
        now = clock.now()
        rows = [self._row(one, now) for one in created]
        stored = _insert.many(connection, rows)
        serials: dict[UUID, int] = {}
        added = [groups.of(one) for one in created]
        if stored < len(rows) or any(tags or categories for tags, categories in added):
            serials = dict(_SERIALS(connection, {"ids": [row[0] for row in rows]}))
        is_all = stored == len(rows)
        there = [(row[0], one, its) for row, one, its in zip(rows, created, added, strict=True)
                 if is_all or row[0] in serials]  # fmt: skip
        groups.put((serials[id_], its) for id_, _one, its in there if its[0] or its[1])
        if events.is_heard(connection, "contact.created", account_id := self._aim.account_id):
            told = [news.told(id_, 1, Source.IMPORT) for id_, _one, _its in there]
            events.emit_all(connection, "contact.created", account_id, told)
        self._voice.write(
            connection, [_said(id_, one.candidate, one.consents) for id_, one, _its in there if one.consents]
        )
        if is_all:
            return []
        return [one.candidate for row, one in zip(rows, created, strict=True) if row[0] not in serials]

    def _row(self, one: Created, now: datetime) -> tuple[Any, ...]:
        """In the order of CREATED."""
        given, account_id = one.candidate.values.get, self._aim.account_id
        name, phone, email, company = given("name", ""), given("phone"), given("email"), given("company")
        custom = one.candidate.custom or _EMPTY
        folded, searchable = one.candidate.derived
        consents = one.consents.get
        return (
            uuid7(), account_id, name, folded, phone, given("phone_key"), given("phone_raw"), email, company,
            given("locale"), custom, consents("whatsapp_consent", "unknown"), consents("email_consent", "unknown"),
            "import", self._aim.import_id, searchable, self._created_by, now, now, 1,
        )  # fmt: skip

    def _alter(self, connection: Connection, groups: Groups, changed: Sequence[Changed]) -> None:
        if not changed:
            return
        now, import_id, account_id = clock.now(), self._aim.import_id, self._aim.account_id
        rows, before, notes, links, said = [], [], [], [], []
        for one in changed:
            known, added = one.known, groups.of(one)
            rows.append(_altered(account_id, one) | {"updated_at": now})
            before.append((import_id, known.id, {name: getattr(known, name) for name in one.values}, _by_ids(added),
                           known.version + 1))  # fmt: skip
            facts = {"fields": one.fields, "importId": str(import_id)}
            notes.append((uuid7(), account_id, known.id, "contact.updated", facts, self._actor.user_id,
                          self._actor.name[:254], now))  # fmt: skip
            links.append((known.serial, added))
            said.append(_said(known.id, one.candidate, one.values, rows[-1]))
        put_all(connection, rows)
        _before.many(connection, before)
        put_timeline.many(connection, notes)
        groups.put(links)
        if events.is_heard(connection, "contact.updated", account_id):
            told = [news.told(one.known.id, one.known.version + 1, one.known.source, one.fields) for one in changed]
            events.emit_all(connection, "contact.updated", account_id, told)
        self._voice.write(connection, said)

    def _note(self, connection: Connection, tally: Tally, problems: Sequence[Problem]) -> None:
        """What was not taken, and the import's own counts."""
        import_id = self._aim.import_id
        rows = [(import_id, one.row, str(one.reason), one.column, one.is_skip) for one in problems]
        _problems.many(connection, rows)
        tally.skipped = sum(one.is_skip for one in problems)
        tally.invalid = len(problems) - tally.skipped
        connection.execute(
            update(ContactImport)
            .where(ContactImport.id == import_id)
            .values(
                created=ContactImport.created + tally.created,
                updated=ContactImport.updated + tally.updated,
                skipped=ContactImport.skipped + tally.skipped,
                invalid=ContactImport.invalid + tally.invalid,
            )
        )


def _altered(account_id: UUID, one: Changed) -> dict[str, Any]:
    row: dict[str, Any] = {**one.known._asdict(), **one.values}
    row["folded_name"], row["searchable"] = derived(
        account_id, row["name"], row["email"], row["phone"], row["company"], row["custom"]
    )
    row["version"] = one.known.version + 1
    return row


def _by_ids(added: Added) -> dict[str, list[str]]:
    tags, categories = added
    return {"tags": [str(id_) for id_ in tags], "categories": [str(id_) for id_ in categories]}


def _said(id_: UUID, one: Candidate, states: dict[str, Any], row: dict[str, Any] | None = None) -> Said:
    known = row or one.values
    return Said(id_, known.get("phone_key"), known.get("email"), states, one.is_denied)
