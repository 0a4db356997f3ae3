"""Who of a part of the file is there already, and what each row then means. Reads, and writes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BindParameter, Connection, bindparam, select

from app.contacts import news
from app.contacts.categories.service import MAX_NAME
from app.contacts.consent import suppression
from app.contacts.consent.models import Suppression
from app.contacts.consent.states import Channel, Consent
from app.contacts.consent.suppression import CONSENT_COLUMN, Reasons
from app.contacts.grouping import tag_key
from app.contacts.importing.judge import Candidate
from app.contacts.importing.models import ImportChange
from app.contacts.importing.plan import Answer, Mode, Plan
from app.contacts.importing.reasons import Problem, Reason
from app.contacts.models import Category, Contact, ContactCategory, ContactTag, Tag
from app.core.direct import Direct
from app.core.folding import folded_name

PLAIN = ("name", "email", "company", "locale")
IDENTITY = {Channel.WHATSAPP: "phone", Channel.EMAIL: "email"}  # where each channel reaches somebody


class Known(NamedTuple):
    """A contact that is there."""

    serial: int
    id: UUID
    version: int
    name: str
    phone: str | None
    phone_key: str | None
    phone_raw: str | None
    email: str | None
    company: str | None
    locale: str | None
    custom: dict[str, Any]
    whatsapp_consent: str
    email_consent: str
    source: str
    import_id: UUID | None


@dataclass(slots=True)
class Created:
    """A row that makes a contact."""

    candidate: Candidate
    consents: dict[str, str]  # column -> state, of what is not unknown


@dataclass(slots=True)
class Changed:
    """A row that changes one. `values`: columns; `fields`: their names for people."""

    candidate: Candidate
    known: Known
    values: dict[str, Any] = field(default_factory=dict)
    fields: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)  # folded names that it lacks
    categories: list[str] = field(default_factory=list)  # folded names or ids that it lacks


Decision = Created | Changed | Problem


@dataclass(slots=True)
class There:
    """What the database knows of the people of a part."""

    by_phone: dict[str, Known]
    by_email: dict[str, list[Known]]
    suppressed: dict[str, Reasons]  # of hashes
    touched: set[UUID]  # by earlier rows of the same file
    tags: dict[int, set[str]]  # serial -> folded names
    categories: dict[int, set[str]]  # serial -> folded names and ids


_COLUMNS = tuple(getattr(Contact, name) for name in Known._fields)
_MINE = (Contact.account_id == bindparam("account_id")) & Contact.deleted_at.is_(None)


def _by(column: Any, *, lock: bool) -> Direct:
    """In one order, so that two of us never wait for each other; but none that SQLite would walk the account by."""
    found = select(*_COLUMNS).where(_MINE, column.in_(bindparam("values", expanding=True))).order_by(Contact.serial + 0)
    return Direct(found.with_for_update() if lock else found)


_BY_PHONE = {lock: _by(Contact.phone_key, lock=lock) for lock in (False, True)}
_BY_EMAIL = {lock: _by(Contact.email, lock=lock) for lock in (False, True)}
_ANYBODY = Direct(select(Suppression.reason).where(Suppression.account_id == bindparam("account_id")).limit(1))
_TOUCHED = Direct(
    select(ImportChange.contact_id).where(
        ImportChange.import_id == bindparam("import_id"),
        ImportChange.contact_id.in_(bindparam("ids", expanding=True)),
    )
)
_SERIALS: BindParameter[Any] = bindparam("serials", expanding=True)
_TAGS_OF = Direct(
    select(ContactTag.contact_serial, Tag.folded_name)
    .join(Tag, Tag.id == ContactTag.tag_id)
    .where(ContactTag.contact_serial.in_(_SERIALS))
)
_CATEGORIES_OF = Direct(
    select(ContactCategory.contact_serial, Category.folded_name, Category.id)
    .join(Category, Category.id == ContactCategory.category_id)
    .where(ContactCategory.contact_serial.in_(_SERIALS))
)


@dataclass(frozen=True, slots=True)
class Aim:
    """Whose import this is, and what it is to do. `key` hashes the suppressed (PII_HASH_KEY)."""

    account_id: UUID
    import_id: UUID
    plan: Plan
    key: str
    granted: dict[tuple[bool, bool], dict[str, str]] = field(init=False, repr=False)  # has phone, e-mail -> consents

    def __post_init__(self) -> None:
        each = (False, True)
        found = {(phone, email): _granted(self.plan, phone, email) for phone in each for email in each}
        object.__setattr__(self, "granted", found)


def _granted(plan: Plan, has_phone: bool, has_email: bool) -> dict[str, str]:
    """What somebody of whom nothing is known starts with: a yes needs something to be reached by."""
    reachable = {Channel.WHATSAPP: has_phone, Channel.EMAIL: has_email}
    channels = plan.consent.channels if plan.consent.answer == Answer.GRANTED else ()
    return {CONSENT_COLUMN[channel]: str(Consent.GRANTED) for channel in channels if reachable[channel]}


def decide(connection: Connection, aim: Aim, candidates: Sequence[Candidate], *, lock: bool = False) -> list[Decision]:
    """What each row of a part means, in their order. `lock`: nobody else changes who is there (on PostgreSQL)."""
    there = _look_up(connection, aim, candidates, lock)
    fresh: set[str] = set()  # addresses of those whom this part makes and who have no phone
    decisions: list[Decision] = []
    for candidate in candidates:
        decision = _decide(aim, candidate, there, fresh)
        if isinstance(decision, Changed):
            there.touched.add(decision.known.id)
        decisions.append(decision)
    return decisions


def _look_up(connection: Connection, aim: Aim, candidates: Sequence[Candidate], lock: bool) -> There:
    phones = [phone for one in candidates if (phone := one.values.get("phone_key"))]
    by_phone = {row[5]: Known(*row) for row in _found(connection, aim, _BY_PHONE[lock], phones)}
    emails = [one.values["email"] for one in candidates if _is_by_email(one, by_phone)]
    by_email = defaultdict(list)
    for row in _found(connection, aim, _BY_EMAIL[lock], emails):
        by_email[row[7]].append(Known(*row))
    known = [*by_phone.values(), *(one for some in by_email.values() for one in some)]
    there = There(by_phone, by_email, _suppressed(connection, aim, candidates), set(), {}, {})
    if known:
        there.touched = {one.id for one in known if one.import_id == aim.import_id}
        ids = {"import_id": aim.import_id, "ids": [one.id for one in known]}
        there.touched |= {id_ for (id_,) in _TOUCHED(connection, ids)}
        _add_groups(connection, there, [one.serial for one in known])
    return there


def _found(connection: Connection, aim: Aim, query: Direct, values: list[str]) -> list[tuple[Any, ...]]:
    return query(connection, {"account_id": aim.account_id, "values": values}) if values else []


def _is_by_email(one: Candidate, by_phone: dict[str, Known]) -> bool:
    return "email" in one.values and one.values.get("phone_key") not in by_phone


def _suppressed(connection: Connection, aim: Aim, candidates: Iterable[Candidate]) -> dict[str, Reasons]:
    if not _ANYBODY(connection, {"account_id": aim.account_id}):  # as most accounts begin: no hash is needed
        return {}
    hashes = [hash_ for one in candidates for hash_ in _hashes(aim, one.values).values()]
    return suppression.find(connection, aim.account_id, hashes)


def _hashes(aim: Aim, values: dict[str, Any]) -> dict[str, str]:
    return suppression.hashes_of(aim.key, values.get("phone_key"), values.get("email"))


def _add_groups(connection: Connection, there: There, serials: list[int]) -> None:
    tags: dict[int, set[str]] = defaultdict(set)
    categories: dict[int, set[str]] = defaultdict(set)
    for serial, name in _TAGS_OF(connection, {"serials": serials}):
        tags[serial].add(name)
    for serial, name, id_ in _CATEGORIES_OF(connection, {"serials": serials}):
        categories[serial] |= {name, str(id_)}
    there.tags, there.categories = tags, categories


def _decide(aim: Aim, candidate: Candidate, there: There, fresh: set[str]) -> Decision:
    values = candidate.values
    known = there.by_phone.get(values.get("phone_key", ""))
    email = values.get("email")
    if known is None and email is not None:
        same = there.by_email.get(email, [])
        without = [one for one in same if one.phone_key is None]
        if without:
            known = without[0]  # one at most: unique
        elif "phone_key" not in values and same:
            if len(same) > 1:
                return Problem(candidate.row, Reason.SEVERAL)
            known = same[0]
        elif email in fresh:
            return Problem(candidate.row, Reason.REPEATED)
    if known is None:
        if email is not None and "phone_key" not in values:
            fresh.add(email)
        return _created(aim, candidate, there)
    if known.id in there.touched:
        return Problem(candidate.row, Reason.REPEATED)
    return _changed(aim, candidate, known, there)


def _created(aim: Aim, candidate: Candidate, there: There) -> Decision:
    values = candidate.values
    if not there.suppressed and not candidate.is_denied:
        return Created(candidate, aim.granted["phone" in values, "email" in values])
    reasons = _reasons(aim, values, there)
    if suppression.is_erased(reasons.values()):
        return Problem(candidate.row, Reason.ERASED)
    consents = {}
    for channel, column in CONSENT_COLUMN.items():
        state = _state(aim, candidate, channel, Consent.UNKNOWN, reasons, IDENTITY[channel] in values)
        if state != Consent.UNKNOWN:
            consents[column] = state
    return Created(candidate, consents)


def _reasons(aim: Aim, values: dict[str, Any], there: There) -> dict[str, Reasons]:
    """ "phone" and "email" -> why they are suppressed."""
    if not there.suppressed:
        return {}
    return {kind: there.suppressed[hash_] for kind, hash_ in _hashes(aim, values).items() if hash_ in there.suppressed}


def _state(
    aim: Aim, candidate: Candidate, channel: Channel, present: str, reasons: dict[str, Reasons], is_reachable: bool
) -> str:
    """A no stays, whatever the file says; a yes needs something to be reached by."""
    if present == Consent.DENIED or candidate.is_denied:
        return str(Consent.DENIED)
    if reasons and channel in suppression.denied_channels(reasons.get("phone"), reasons.get("email")):
        return str(Consent.DENIED)
    consent = aim.plan.consent
    if consent.answer == Answer.GRANTED and channel in consent.channels and is_reachable:
        return str(Consent.GRANTED)
    return str(present)


def _changed(aim: Aim, candidate: Candidate, known: Known, there: There) -> Decision:
    """A no is heard also where contacts that are there are left alone."""
    if aim.plan.mode == Mode.SKIP and not candidate.is_denied:
        return Problem(candidate.row, Reason.THERE)
    change = Changed(candidate, known)
    if aim.plan.mode == Mode.UPDATE:
        _compare(aim.plan, change)
        _compare_groups(aim.plan, change, there)
    values = change.values
    effective = {name: values.get(name, getattr(known, name)) for name in ("phone_key", "email")}
    reasons = _reasons(aim, effective, there)
    if suppression.is_erased(reasons[kind] for kind in reasons if kind in values):
        return Problem(candidate.row, Reason.ERASED)
    for channel, column in CONSENT_COLUMN.items():
        is_reachable = bool(effective["phone_key" if channel == Channel.WHATSAPP else "email"])
        present = getattr(known, column)
        state = _state(aim, candidate, channel, present, reasons, is_reachable)
        if state != present:
            values[column] = state
            change.fields.append(news.FIELDS[column])
    if values or change.tags or change.categories:
        return change
    return Problem(candidate.row, Reason.THERE if aim.plan.mode == Mode.SKIP else Reason.NOTHING_NEW)


def _compare(plan: Plan, change: Changed) -> None:
    given, known = change.candidate.values, change.known
    for name in PLAIN:
        if name in given and _takes(plan, getattr(known, name), given[name]):
            change.values[name] = given[name]
            change.fields.append(name)
    if known.phone is None and "phone" in given:
        change.values |= {name: given[name] for name in ("phone", "phone_key", "phone_raw")}
        change.fields.append("phone")
    own = {key: value for key, value in change.candidate.custom.items() if _takes(plan, known.custom.get(key), value)}
    if own:
        change.values["custom"] = {**known.custom, **own}
        change.fields += [f"custom.{key}" for key in own]


def _takes(plan: Plan, present: Any, given: Any) -> bool:
    is_empty = present is None or present == ""
    return bool(given != present) and (is_empty or not plan.only_empty)


def _compare_groups(plan: Plan, change: Changed, there: There) -> None:
    serial, candidate = change.known.serial, change.candidate
    tags = dict.fromkeys(tag_key(name) for name in (*candidate.tags, *plan.tags))
    change.tags = [name for name in tags if name not in there.tags.get(serial, ())]
    categories = [folded_name(candidate.category)[:MAX_NAME]] if candidate.category else []
    categories += [str(id_) for id_ in plan.categories]
    change.categories = [name for name in categories if name not in there.categories.get(serial, ())]
    change.fields += ["tags"] if change.tags else []
    change.fields += ["categories"] if change.categories else []
