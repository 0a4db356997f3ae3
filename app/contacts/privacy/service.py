"""The verbs of the privacy desk, shared by pages and API."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, Select, case, insert, select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.contacts.consent import suppression
from app.contacts.identity import phone_key, read_email, read_phone
from app.contacts.importing import service as imports
from app.contacts.privacy import people
from app.contacts.privacy.models import SUBJECT_PLACE, PrivacyAction, PrivacyRequest, RequestKind, RequestState
from app.contacts.service import country_of
from app.core import clock, jobs
from app.core.access import Actor
from app.core.errors import Conflict, Invalid, NotFound, Text
from app.core.ids import uuid7
from app.core.masking import masked_email, masked_phone
from app.core.models import Job
from app.core.privacy import How, Subject
from app.core.redaction import scrub
from app.core.runtime import runtime
from app.core.vault import VaultError

DUE = timedelta(days=15)  # LGPD, art. 19 II
JOB = "erase_person"
MAX_REFS, MAX_REF, MAX_NOTE = 200, 255, 500
LOST = _l("The key that sealed whom this is about is gone. Decline this request and make a new one.")
CLOSED = _l("This request is closed.")
RUNNING = _l("This is being done already.")
IMPORTING = _l("An import is running and may bring this person in. Wait until it is done, or stop it.")
STARTED = {How.ANONYMISE: "anonymise_started", How.DELETE: "delete_started"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody of the team was told by the person; `refs` are ids of e-mails (`id_fatura`)."""

    kind: RequestKind
    phone: str = ""
    email: str = ""
    refs: tuple[str, ...] = ()
    note: str = ""


def create(session: Session, actor: Actor, asked: Asked) -> PrivacyRequest:
    """Opens a request. Raises Invalid by `phoneNumber`, `email`, `ids`."""
    subject = subject_of(actor.account_id, asked.phone, asked.email, asked.refs)
    now, id_ = clock.now(), uuid7()
    request = PrivacyRequest(
        id=id_,
        account_id=actor.account_id,
        kind=asked.kind,
        state=RequestState.OPEN,
        subject_hint=hint(subject),
        subject_hash=next(iter(hashes_of(subject))),
        sealed_subject=_sealed(id_, subject),
        note=_note(asked.note),
        due_at=now + DUE,
        created_by=actor.user_id,
        created_at=now,
    )
    session.add(request)
    session.flush()
    note(session.connection(), actor, request, "created", {"kind": str(asked.kind)})
    return request


def subject_of(account_id: UUID, phone: str, email: str, refs: tuple[str, ...] = ()) -> Subject:
    """Raises Invalid unless there is a phone or an e-mail address that can be one."""
    wrong: dict[str, list[Any]] = {}
    number = read_phone(phone, country_of(account_id)) if phone.strip() else None
    address = read_email(email) if email.strip() else None
    if phone.strip() and number is None:
        wrong["phoneNumber"] = [_l("This is not a phone number.")]
    if email.strip() and address is None:
        wrong["email"] = [_l("This is not an e-mail address.")]
    if not wrong and number is None and address is None:
        wrong["phoneNumber"] = [_l("A phone number or an e-mail address is needed.")]
    if len(refs) > MAX_REFS or any(len(ref) > MAX_REF for ref in refs):
        wrong["ids"] = [_l("At most %(max)d ids of up to %(length)d characters.", max=MAX_REFS, length=MAX_REF)]
    if wrong:
        raise Invalid(wrong)
    return Subject((number.number,) if number else (), (address,) if address else (), (), tuple(dict.fromkeys(refs)))


def hint(subject: Subject) -> str:
    return masked_phone(subject.phones[0]) if subject.phones else masked_email(subject.emails[0])[:64]


def hashes_of(subject: Subject) -> list[str]:
    """As in the list of the suppressed, the phones' first."""
    key = runtime().settings.pii_hash_key
    numbers = [suppression.hash_of(key, "phone", phone_key(phone.removeprefix("+"))) for phone in subject.phones]
    return numbers + [suppression.hash_of(key, "email", email) for email in subject.emails]


def listed(account_id: UUID, state: str | None = None) -> Select[PrivacyRequest]:
    """Open ones first, by their due date; then the closed, the latest first."""
    is_open = case((PrivacyRequest.state == RequestState.OPEN, 0), else_=1)
    due = case((PrivacyRequest.state == RequestState.OPEN, PrivacyRequest.due_at))
    mine = select(PrivacyRequest).where(PrivacyRequest.account_id == account_id)
    if state is not None:
        mine = mine.where(PrivacyRequest.state == state)
    return mine.order_by(is_open, due, PrivacyRequest.created_at.desc(), PrivacyRequest.id.desc())


def get(session: Session, account_id: UUID, id: UUID | None, *, lock: bool = False) -> PrivacyRequest:
    """Raises NotFound, also for another account's; with `lock` Conflict for a closed one."""
    wanted = select(PrivacyRequest).where(PrivacyRequest.account_id == account_id, PrivacyRequest.id == id)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    request = session.scalar(wanted) if id is not None else None
    if request is None:
        raise NotFound
    if lock and request.state != RequestState.OPEN:
        raise Conflict(CLOSED)
    return request


def opened(request: PrivacyRequest) -> Subject | None:
    """Who it is about; None once it is closed, or when the key is gone (`why_unknown` tells which)."""
    if request.sealed_subject is None:
        return None
    try:
        found = json.loads(runtime().vault.open(SUBJECT_PLACE, request.id, request.sealed_subject))
    except VaultError:
        return None
    ids = tuple(UUID(id_) for id_ in found["contacts"])
    return Subject(tuple(found["phones"]), tuple(found["emails"]), ids, tuple(found["refs"]))


def why_unknown(request: PrivacyRequest) -> Text:
    """What to say where `opened` knows nobody."""
    return CLOSED if request.sealed_subject is None else LOST


def start_erasing(session: Session, actor: Actor, id: UUID | None, how: How) -> UUID:
    """Hands the person's erasure to a worker; the job's id. All that they are known by is sealed first, so that one
    that takes over still finds the rest. Raises NotFound, Conflict."""
    request = get(session, actor.account_id, id, lock=True)
    last = running(session, request)
    if last is not None:
        raise Conflict(RUNNING)
    _refuse_while_importing(actor.account_id)
    subject = opened(request)
    if subject is None:
        raise Conflict(LOST)
    request.sealed_subject = _sealed(request.id, people.widened(session, actor.account_id, subject))
    params = {"request": str(request.id), "how": str(how)}
    connection = session.connection()
    job = jobs.start(connection, account_id=actor.account_id, kind=JOB, params=params, created_by=actor.user_id)
    note(connection, actor, request, STARTED[how], {"job": str(job)})
    return job


def running(session: Session, request: PrivacyRequest) -> Job | None:
    """The job that erases this person just now."""
    started = PrivacyAction.action.in_(list(STARTED.values())) & (PrivacyAction.request_id == request.id)
    last = session.scalar(select(PrivacyAction).where(started).order_by(PrivacyAction.id.desc()).limit(1))
    job = session.get(Job, UUID(last.facts["job"])) if last is not None else None
    return job if job is not None and job.finished_at is None else None


def _refuse_while_importing(account_id: UUID) -> None:
    if imports.is_any_busy(account_id):
        raise Conflict(IMPORTING)


def close(session: Session, actor: Actor, id: UUID | None, state: RequestState, text: str = "") -> PrivacyRequest:
    """Closes a request as answered or declined. Raises NotFound, Conflict, Invalid for a refusal without a reason."""
    request = get(session, actor.account_id, id, lock=True)
    if running(session, request) is not None:
        raise Conflict(RUNNING)
    if state == RequestState.DECLINED and not text.strip():
        raise Invalid({"note": [_l("Say why: the person has a right to the reason.")]})
    connection = session.connection()
    end(connection, request.id, state, _note(text) or request.note)
    note(connection, actor, request, "declined" if state == RequestState.DECLINED else "answered", {})
    session.refresh(request)
    return request


def end(connection: Connection, request_id: UUID, state: RequestState, text: str | None = None) -> None:
    """From now on it knows a hint and a hash of whom it was about."""
    values: dict[str, Any] = {"state": state, "sealed_subject": None, "closed_at": clock.now()}
    if text is not None:
        values["note"] = text
    connection.execute(update(PrivacyRequest).where(PrivacyRequest.id == request_id).values(**values))


def note(connection: Connection, actor: Actor, request: PrivacyRequest, action: str, facts: dict[str, Any]) -> None:
    """In the log of the request, and in the audit."""
    row = {
        "id": uuid7(),
        "account_id": request.account_id,
        "request_id": request.id,
        "action": action,
        "facts": facts,
        "actor_id": actor.user_id,
        "actor": actor.name[:254],
        "at": clock.now(),
    }
    connection.execute(insert(PrivacyAction), row)
    changes: audit.Changes = {name: [None, value] for name, value in facts.items()}
    audit.record(
        connection,
        actor,
        f"privacy.{action}",
        subject_id=request.id,
        subject=request.subject_hint,
        changes=changes or None,
    )


def actions_of(session: Session, request: PrivacyRequest) -> list[PrivacyAction]:
    """The latest first."""
    found = select(PrivacyAction).where(PrivacyAction.request_id == request.id)
    return list(session.scalars(found.order_by(PrivacyAction.id.desc()).limit(200)))


def _sealed(id_: UUID, subject: Subject) -> str:
    text = json.dumps(
        {
            "phones": subject.phones,
            "emails": subject.emails,
            "contacts": [str(one) for one in subject.contact_ids],
            "refs": subject.refs,
        }
    )
    return runtime().vault.seal(SUBJECT_PLACE, id_, text)


def _note(text: str) -> str | None:
    """Without the phones and addresses that people write into notes: it outlives what it is about."""
    cleaned = " ".join(text.split())
    return scrub(cleaned, MAX_NOTE) if cleaned else None
