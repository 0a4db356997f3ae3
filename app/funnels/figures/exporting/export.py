"""The filtered cards of a funnel as a table: at once while they are few, as a long job when they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Connection, and_, func, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.contacts.models import Contact
from app.core import exports, jobs
from app.core.access import Actor
from app.core.errors import localized
from app.core.exports import AT_ONCE, PART, TableExport, Written
from app.core.i18n import number
from app.core.jobs import Hold
from app.core.masking import masked_email, masked_phone
from app.core.models import Job
from app.core.redaction import scrub
from app.core.spreadsheets import Cell, Out, Phone
from app.funnels import owners
from app.funnels.models import Card, Stage
from app.funnels.owners import NOBODY, Owner, owned_by
from app.funnels.structure.words import KINDS

KIND = "export_cards"
COLUMNS = (
    _l("ID"), _l("Contact"), _l("Company"), _l("Phone number"), _l("E-mail"), _l("Stage"), _l("State"), _l("Value"),
    _l("Owner"), _l("Created"), _l("In stage since"), _l("Closed"), _l("Reason"), _l("Expected close"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filters:
    """Which cards of the funnel: by owner (an id or NOBODY), state, stage, and when they were made (UTC, `end` not
    included)."""

    owner: Owner = None
    state: str | None = None
    stage_id: UUID | None = None
    start: datetime | None = None
    end: datetime | None = None

    def to_params(self) -> dict[str, str]:
        """As params of a job, and for the audit: only what is asked for."""
        given = {
            "owner": self.owner, "state": self.state, "stage": self.stage_id,
            "from": self.start and self.start.isoformat(), "to": self.end and self.end.isoformat(),
        }  # fmt: skip
        return {name: str(value) for name, value in given.items() if value}

    @classmethod
    def of(cls, params: Mapping[str, str]) -> Filters:
        owner, stage = params.get("owner"), params.get("stage")
        start, end = params.get("from"), params.get("to")
        return cls(
            owner if owner in (None, NOBODY) else UUID(owner),
            params.get("state"),
            UUID(stage) if stage else None,
            datetime.fromisoformat(start) if start else None,
            datetime.fromisoformat(end) if end else None,
        )


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants as a file; times are on the clock of `zone`."""

    account_id: UUID
    funnel_id: UUID
    suffix: str
    zone: str
    language: str
    is_masked: bool = False
    filters: Filters = field(default_factory=Filters)

    @property
    def filename(self) -> str:
        with force_locale(self.language):
            name = _("cards")
        return f"{name}.{self.suffix}"


def count(session: Session, order: Order) -> int:
    return session.scalar(select(func.count()).select_from(Card).where(_wanted(order))) or 0


def is_small(rows: int) -> bool:
    return rows <= AT_ONCE


def write_table(session: Session, order: Order, out: Out, done: Callable[[int], None] = lambda _rows: None) -> Written:
    """Writes the whole file, in reads of PART rows that each end before the next."""
    return exports.write_table(order, COLUMNS, _parts(session, order), out, done)


def _wanted(order: Order) -> ColumnElement[bool]:
    """The cards on the board, closed ones too; removed ones are in no file."""
    asked, mine = order.filters, [Card.account_id == order.account_id, Card.funnel_id == order.funnel_id]
    mine += [Card.removed_at.is_(None), owned_by(Card.owner_id, asked.owner)]
    if asked.state:
        mine.append(Card.state == asked.state)
    if asked.stage_id:
        mine.append(Card.stage_id == asked.stage_id)
    if asked.start:
        mine.append(Card.created_at >= asked.start)
    if asked.end:
        mine.append(Card.created_at < asked.end)
    return and_(*mine)


def _parts(session: Session, order: Order) -> Iterator[list[list[Cell]]]:
    """By id, which is by the time of making."""
    names, zone = owners.names(session, order.account_id), ZoneInfo(order.zone)
    with force_locale(order.language):
        states = {state: str(localized(word)) for state, (word, *_look) in KINDS.items()}
    found = (
        select(Card, Stage.name, Contact)
        .join(Stage, Stage.id == Card.stage_id)
        .outerjoin(Contact, (Contact.id == Card.contact_id) & (Contact.account_id == order.account_id))
        .where(_wanted(order))
        .order_by(Card.id)
        .limit(PART)
    )
    after: UUID | None = None
    while rows := session.execute(found if after is None else found.where(Card.id > after)).all():
        after = rows[-1][0].id
        part = [_row(row, names, states, zone, is_masked=order.is_masked) for row in rows]
        session.rollback()  # no read transaction is open while the rows are written
        yield part


def _row(
    row: Any,  # Card, name of its stage, Contact
    names: Mapping[UUID, str],
    states: Mapping[str, str],
    zone: tzinfo,
    *,
    is_masked: bool,
) -> list[Cell]:
    card, stage, contact = row
    phone, email = (contact.phone, contact.email) if contact else (None, None)
    if is_masked:
        phone, email = masked_phone(phone) if phone else None, masked_email(email) if email else None
    return [
        str(card.id),
        contact.name if contact else None,
        contact.company if contact else None,
        Phone(phone) if phone else None,
        email,
        stage,
        states[card.state],
        card.value,
        names.get(card.owner_id) if card.owner_id else None,
        card.created_at.astimezone(zone),
        card.entered_at.astimezone(zone),
        card.closed_at.astimezone(zone) if card.closed_at else None,
        scrub(card.reason) if is_masked and card.reason else card.reason,
        card.expected_close.isoformat() if card.expected_close else None,
    ]


def note(store: Any, actor: Actor, order: Order, rows: int) -> None:
    """For the audit: who took how many of which funnel along, and by which filters."""
    changes: audit.Changes = {
        "filters": [None, order.filters.to_params()],
        "rows": [None, rows],
        "format": [None, order.suffix],
    }
    audit.record(store, actor, "cards.exported", subject_id=order.funnel_id, changes=changes)


def start(session: Session, actor: Actor, order: Order, total: int) -> UUID:
    """Hands the order to a worker, in the caller's write transaction; the job's id."""
    params = {
        "funnel": str(order.funnel_id), "format": order.suffix, "zone": order.zone, "language": order.language,
        "masked": order.is_masked, "filters": order.filters.to_params(),
    }  # fmt: skip
    return jobs.start(
        session.connection(),
        account_id=order.account_id,
        kind=KIND,
        params=params,
        total=total,
        created_by=actor.user_id,
    )


class CardExport(TableExport[Order]):
    """The same table, made by a worker."""

    title = _l("Export of cards")
    permission = "funnels.export"
    back = "funnels.index"

    def order(self, hold: Hold) -> Order:
        given = hold.params
        about = {"zone": given["zone"], "language": given["language"], "is_masked": given["masked"]}
        filters = Filters.of(given["filters"])
        return Order(hold.account_id, UUID(given["funnel"]), given["format"], filters=filters, **about)

    def write(self, session: Session, order: Order, out: Out, done: Callable[[int], None]) -> Written:
        return write_table(session, order, out, done)

    def note(self, connection: Connection, hold: Hold, order: Order, rows: int) -> None:
        note(connection, audit.actor_of(connection, hold.account_id, hold.created_by), order, rows)

    def words(self, job: Job) -> str:
        rows = int((job.result or {}).get("rows", 0))
        return str(ngettext("%(number)s card.", "%(number)s cards.", rows, number=number(rows)))
