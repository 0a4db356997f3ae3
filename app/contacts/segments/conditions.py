"""A segment as a condition on contacts.

Every condition here is true or false and never null, so that `not` means what people think: who has no company is not
at Acme. Foreign ids were looked up in the account (`checking`), and the caller asks for its contacts only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, false, func, not_, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.contacts.identity import phone_key
from app.contacts.models import Contact, ContactCategory, ContactTag
from app.contacts.segments import checking, comparing
from app.contacts.segments.catalog import CUSTOM, Field, Kind, Known, known
from app.contacts.segments.folding import folded
from app.contacts.segments.fragments import Fragments
from app.contacts.segments.models import Segment
from app.contacts.segments.rule import Group, Leaf, Node, Not, Op, parse
from app.core import clock
from app.core.errors import Invalid, NotFound
from app.core.folding import fold, folded_name

Condition = ColumnElement[bool]
COLUMNS: dict[str, InstrumentedAttribute[Any]] = {
    "name": Contact.folded_name,
    "email": Contact.email,
    "company": Contact.company,
    "locale": Contact.locale,
    "source": Contact.source,
    "owner": Contact.owner_id,
    "import": Contact.import_id,
    "whatsappConsent": Contact.whatsapp_consent,
    "emailConsent": Contact.email_consent,
    "createdAt": Contact.created_at,
    "updatedAt": Contact.updated_at,
    "lastInboundAt": Contact.last_inbound_at,
}
JSON_TYPES = {  # of a custom value, as SQLite and PostgreSQL call them; a value of another type counts as none
    Kind.TEXT: ("text", "string"),
    Kind.CHOICE: ("text", "string"),
    Kind.DATE: ("text", "string"),
    Kind.NUMBER: ("integer", "real", "number"),
    Kind.YES_NO: ("true", "false", "boolean"),
}
LAST = "\U0010ffff"


def segment_condition(session: Session, account_id: UUID, segment_id: UUID) -> Condition:
    """Who fits a saved segment just now. Raises NotFound, also for another account's."""
    mine = select(Segment.rule).where(Segment.account_id == account_id, Segment.id == segment_id)
    rule = session.scalar(mine)
    if rule is None:
        raise NotFound
    return condition(session, account_id, rule)


def condition(session: Session, account_id: UUID, rule: dict[str, Any]) -> Condition:
    """Who fits a rule (`rule`). What it names and is no more widens no audience: such a condition fits nobody, and so
    does its `not`. A rule that cannot be read at all fits nobody."""
    try:
        node = parse(rule)
    except Invalid:
        return false()
    there = known(session, account_id, [node])
    return compiled(checking.settled(node, there), there, Fragments(session, account_id), clock.now())


def compiled(node: Node, there: Known, fragments: Fragments, now: datetime) -> Condition:
    """The condition of a rule that was checked or settled, at the time `now`."""
    dialect = fragments.session.get_bind().dialect.name
    return _Compiler(there, fragments, dialect, now).of(node, is_turned=False)


@dataclass(frozen=True, slots=True)
class _Compiler:
    known: Known
    fragments: Fragments
    dialect: str
    now: datetime

    def of(self, node: Node, *, is_turned: bool) -> Condition:
        """`is_turned`: an odd number of `not` stands above."""
        match node:
            case Not(part):
                return not_(self.of(part, is_turned=not is_turned))
            case Group(is_any, parts):
                join = or_ if is_any else and_
                return join(*(self.of(part, is_turned=is_turned) for part in parts)).self_group()
            case Leaf(is_lost=True):
                return true() if is_turned else false()
            case Leaf():
                return self.leaf(self.known.fields[node.field], node.op, node.value)

    def leaf(self, own: Field, op: Op, value: Any) -> Condition:
        if op in (Op.IS_NOT, Op.HAS_NOT, Op.IS_EMPTY):
            turned = {Op.IS_NOT: Op.IS, Op.HAS_NOT: Op.HAS, Op.IS_EMPTY: Op.IS_SET}[op]
            return not_(self.leaf(own, turned, value))
        if own.kind is Kind.TAG:
            return Contact.serial.in_(select(ContactTag.contact_serial).where(ContactTag.tag_id == UUID(value)))
        if own.kind is Kind.CATEGORY:
            there = select(ContactCategory.contact_serial).where(ContactCategory.category_id == UUID(value))
            return Contact.serial.in_(there)
        if own.kind is Kind.PHONE:
            return self.phone(op, value)
        return self.custom(own, op, value) if own.name.startswith(CUSTOM) else self.column(own, op, value)

    def column(self, own: Field, op: Op, value: Any) -> Condition:
        one = COLUMNS[own.name]
        if op is Op.IS_SET:
            return one != "" if own.name == "name" else one.is_not(None)
        if op is Op.NEVER:
            return one.is_(None)
        if own.kind is Kind.TEXT:
            return self.text(own, op, value)
        if own.kind is Kind.MOMENT:
            return and_(one.is_not(None), comparing.moment(one.expression, op, value, self.now, self.known))
        return and_(one.is_not(None), one == (UUID(value) if own.kind in (Kind.OWNER, Kind.IMPORT) else value))

    def text(self, own: Field, op: Op, value: str) -> Condition:
        """The name and the address are kept folded; only the company has to be folded here."""
        one: ColumnElement[Any] = COLUMNS[own.name].expression
        wanted = value.lower() if own.name == "email" else folded_name(value)
        found = comparing.text(folded(one, self.dialect) if own.name == "company" else one, op, wanted)
        if own.name == "name" and op is Op.STARTS:  # a range of the index
            found = and_(one >= wanted, one < wanted + LAST)
        if op is Op.CONTAINS:
            found = self.narrowed(found, wanted)
        return and_(one.is_not(None), found)

    def narrowed(self, found: Condition, wanted: str) -> Condition:
        few = self.fragments.narrowed(fold(wanted))
        return found if few is None else and_(few, found)

    def phone(self, op: Op, value: str) -> Condition:
        """By the key, in which Brazil's ninth digit makes no difference; the beginning of a national number, too."""
        number, key = Contact.phone.expression, Contact.phone_key.expression
        match op:
            case Op.IS_SET:
                return key.is_not(None)
            case Op.IS:
                found = key == phone_key(value.removeprefix("+"))
            case Op.STARTS:
                heads = (value, self.known.country + value)
                found = or_(
                    *(and_(key >= head, key < head + LAST) for head in heads),
                    *(number.startswith(f"+{head}") for head in heads),
                )
            case _:
                found = self.narrowed(or_(number.contains(value), key.contains(value)), value)
        return and_(key.is_not(None), found)

    def custom(self, own: Field, op: Op, value: Any) -> Condition:
        there = Contact.custom[own.key]
        kept: Any = {Kind.NUMBER: there.as_float, Kind.YES_NO: there.as_boolean}.get(own.kind, there.as_string)()
        is_sqlite = self.dialect == "sqlite"
        kind = func.json_type(Contact.custom, f'$."{own.key}"') if is_sqlite else func.jsonb_typeof(there)
        is_there = func.coalesce(kind, "").in_(JSON_TYPES[own.kind])
        if op is Op.IS_SET:
            return is_there
        one = case((is_there, kept))  # so that PostgreSQL casts no text to a number
        match own.kind:
            case Kind.NUMBER:
                found = comparing.number(one, op, value)
            case Kind.YES_NO:
                found = one.is_(value)
            case Kind.DATE:
                found = comparing.day(one, op, value, self.now.astimezone(self.known.zone).date())
            case Kind.CHOICE:
                found = one == value
            case _:
                found = comparing.text(folded(one, self.dialect), op, fold(value))
        return and_(is_there, found)
