"""The filtered contacts as a table: at once while they are few, as a long job when they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.models import User
from app.contacts import reading
from app.contacts.bulk import selection
from app.contacts.consent.words import STATES
from app.contacts.fields.models import CustomField
from app.contacts.models import Contact
from app.contacts.reading import Row
from app.contacts.words import SOURCES
from app.core import exports, jobs
from app.core.access import Actor
from app.core.errors import localized
from app.core.exports import TableExport, Written
from app.core.i18n import number
from app.core.jobs import Hold
from app.core.masking import masked_email, masked_phone
from app.core.models import Job
from app.core.spreadsheets import Cell, Out, Phone

KIND = "export_contacts"
AT_ONCE = 5_000  # rows of an answer; more go to a worker
COLUMNS = (
    _l("ID"), _l("Name"), _l("Phone number"), _l("E-mail"), _l("Company"), _l("Language"), _l("Owner"), _l("Tags"),
    _l("Categories"), _l("Marketing by WhatsApp"), _l("Marketing by e-mail"),
)  # fmt: skip
LAST_COLUMNS = (_l("Created"), _l("Updated"), _l("How it came"))


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants as a file: `wanted` names the contacts as the params of a job do (`selection.to_params`),
    `noted` is what the audit may know of that; times are on the clock of `zone`."""

    account_id: UUID
    wanted: dict[str, Any]
    suffix: str
    zone: str
    language: str
    is_masked: bool = False
    noted: dict[str, Any] = field(default_factory=dict)

    @property
    def filename(self) -> str:
        with force_locale(self.language):
            name = _("contacts")
        return f"{name}.{self.suffix}"


@dataclass(frozen=True, slots=True)
class _Common:
    """What the rows of a file have in common; words are in its language, looked up once."""

    fields: Sequence[Any]  # key and label of each
    owners: Mapping[UUID, str]
    zone: tzinfo
    is_masked: bool
    consents: Mapping[str, str]
    sources: Mapping[str, str]


def write_table(session: Session, order: Order, out: Out, done: Callable[[int], None] = lambda _rows: None) -> Written:
    """Writes the whole file, in reads of a few hundred rows that each end before the next. The custom fields are
    columns in their order."""
    mine = CustomField.account_id == order.account_id
    found = select(CustomField.key, CustomField.label).where(mine)
    fields = session.execute(found.order_by(CustomField.position, CustomField.folded_label)).all()
    columns = (*COLUMNS, *(one.label for one in fields), *LAST_COLUMNS)
    return exports.write_table(order, columns, _parts(session, order, _common(session, order, fields)), out, done)


def _common(session: Session, order: Order, fields: Sequence[Any]) -> _Common:
    people = session.execute(select(User.id, User.name).where(User.account_id == order.account_id))
    with force_locale(order.language):
        consents = {state: str(localized(word)) for state, (word, _tone, _icon) in STATES.items()}
        sources = {source: str(localized(word)) for source, word in SOURCES.items()}
    owners = {row.id: row.name for row in people}
    return _Common(fields, owners, ZoneInfo(order.zone), order.is_masked, consents, sources)


def _parts(session: Session, order: Order, common: _Common) -> Iterator[list[list[Cell]]]:
    for serials in selection.parts(session, order.account_id, order.wanted, size=exports.PART):
        mine = (Contact.account_id == order.account_id) & Contact.deleted_at.is_(None) & Contact.serial.in_(serials)
        contacts = session.scalars(select(Contact).where(mine).order_by(Contact.serial)).all()
        part = [_row(row, common) for row in reading.with_groups(session.connection(), contacts)]
        session.rollback()  # no read transaction is open while the rows are written
        yield part


def _row(row: Row, common: _Common) -> list[Cell]:
    contact = row.contact
    phone, email = contact.phone, contact.email
    if common.is_masked:
        phone, email = masked_phone(phone) if phone else None, masked_email(email) if email else None
    return [
        str(contact.id),
        contact.name,
        Phone(phone) if phone else None,
        email,
        contact.company,
        contact.locale,
        common.owners.get(contact.owner_id) if contact.owner_id else None,
        ", ".join(tag.name for tag in row.tags),
        ", ".join(category.name for category in row.categories),
        common.consents[contact.whatsapp_consent],
        common.consents[contact.email_consent],
        *(_own(contact.custom.get(one.key)) for one in common.fields),
        contact.created_at.astimezone(common.zone),
        contact.updated_at.astimezone(common.zone),
        common.sources.get(contact.source, contact.source),
    ]


def _own(value: Any) -> Cell:
    """Of a custom field: dates are texts already."""
    match value:
        case None:
            return None
        case bool():
            return str(_("Yes") if value else _("No"))
        case int():
            return value
        case float():
            return Decimal(str(value))
    return str(value)


def note(store: Any, actor: Actor, order: Order, rows: int) -> None:
    """For the audit: who took how many along, and by which filters; what was typed into the search is left out."""
    changes: audit.Changes = {
        "filters": [None, order.noted],
        "rows": [None, rows],
        "format": [None, order.suffix],
    }
    audit.record(store, actor, "contacts.exported", changes=changes)


def start(session: Session, actor: Actor, order: Order, total: int | None) -> UUID:
    """Hands the order to a worker, in the caller's write transaction; the job's id."""
    params = {
        "wanted": order.wanted, "format": order.suffix, "zone": order.zone, "language": order.language,
        "masked": order.is_masked, "noted": order.noted,
    }  # fmt: skip
    return jobs.start(
        session.connection(),
        account_id=order.account_id,
        kind=KIND,
        params=params,
        total=total,
        created_by=actor.user_id,
    )


class ContactExport(TableExport[Order]):
    """The same table, made by a worker."""

    title = _l("Export of contacts")
    permission = "contacts.export"
    back = "contacts.index"

    def order(self, hold: Hold) -> Order:
        given = hold.params
        about = {"zone": given["zone"], "language": given["language"], "is_masked": given["masked"]}
        return Order(hold.account_id, given["wanted"], given["format"], noted=given["noted"], **about)

    def write(self, session: Session, order: Order, out: Out, done: Callable[[int], None]) -> Written:
        return write_table(session, order, out, done)

    def note(self, connection: Connection, hold: Hold, order: Order, rows: int) -> None:
        note(connection, audit.actor_of(connection, hold.account_id, hold.created_by), order, rows)

    def words(self, job: Job) -> str:
        result = job.result or {}
        rows = int(result.get("rows", 0))
        said = str(ngettext("%(number)s contact.", "%(number)s contacts.", rows, number=number(rows)))
        if result.get("cut"):
            said += " " + _(
                "A sheet of XLSX ends after %(most)s: export as CSV or with more filters.", most=number(rows)
            )
        return said
