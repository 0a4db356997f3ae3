"""The API of mailings: /api/mailings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from app.accounts.models import Account
from app.core import clock
from app.core.access import current_actor
from app.core.api import Upload, current, endpoint, resource_blueprint
from app.core.conflicts import presenting
from app.core.db import db, write
from app.core.errors import Invalid, english
from app.core.i18n import locale
from app.core.ids import to_uuid
from app.core.jobs import asking
from app.core.jobs.schemas import JobOut
from app.core.pagination import PageOf, paginate
from app.core.schema import Schema
from app.opens.mailings import changes, figures, reading, service, unopened
from app.opens.mailings.lists import Tally, Work
from app.opens.mailings.models import Mailing
from app.opens.mailings.reading import WRONG_WORDS, judged
from app.opens.mailings.schemas import (
    IdFilter,
    IdsIn,
    ListedOut,
    ListIn,
    MailedOut,
    MailingChange,
    MailingFilter,
    MailingIn,
    MailingOut,
    RefusedId,
    Removal,
    UnopenedFilter,
    WaitingOut,
)  # fmt: skip
from app.opens.mailings.unopened import State

bp = resource_blueprint("api_mailings", __name__, "/mailings")
WIRE = {"starts_at": "startsAt", "ends_at": "endsAt", "image_id": "imageId"}


@bp.get("")
@endpoint(summary="List mailings", permission="opens.view", query=MailingFilter, answers={200: PageOf[MailingOut]})
def index(query: MailingFilter) -> PageOf[MailingOut]:
    """Sorts by startsAt, endsAt, name, createdAt; `q` finds parts of the name."""
    wanted = service.search(current().account_id, text=query.q or "", sort=query.sort)
    found = paginate(db.session(), wanted, page=query.page, limit=query.limit)
    numbers = figures.of_mailings(db.session.connection(), found.rows)
    return found.answer(lambda mailing: MailingOut.of(mailing, numbers[mailing.id]))


@bp.post("")
@endpoint(summary="Create a mailing", permission="mailings.edit", body=MailingIn, answers={201: MailingOut})
def create(body: MailingIn) -> MailingOut:
    with presented(), write():
        mailing = service.create(current_actor(), body.model_dump())
    return shown(mailing)


@bp.get("/unopened")
@endpoint(
    summary="List ids that were not opened",
    permission="opens.view",
    query=UnopenedFilter,
    answers={200: PageOf[WaitingOut]},
)
def not_opened(query: UnopenedFilter) -> PageOf[WaitingOut]:
    """Listed ids that were sent over `days` (3) days ago and not opened since, those sent last first."""
    found = unopened.waiting(
        db.session(),
        current().account_id,
        query.days,
        clock.now(),
        after=query.after,
        page=query.page,
        limit=query.limit,
    )
    return found.answer(WaitingOut.of)


@bp.get("/<id>")
@endpoint(summary="Get a mailing", permission="opens.view", answers={200: MailingOut})
def show(id: str) -> MailingOut:
    return shown(wanted(id))


@bp.put("/<id>")
@endpoint(
    summary="Change a mailing",
    permission="mailings.edit",
    body=MailingChange,
    answers={200: MailingOut, 409: None},
)
def update(id: str, body: MailingChange) -> MailingOut:
    """Ids that are listed keep the time they were sent at."""
    with presented(), write():
        mailing = service.update(current_actor(), to_uuid(id), given(body), version=body.version)
    return shown(mailing)


@bp.delete("/<id>")
@endpoint(
    summary="Delete a mailing",
    permission="mailings.edit",
    query=Removal,
    answers={204: None, 202: JobOut, 409: None},
)
def delete(id: str, query: Removal) -> Any:
    """204, or 202 with a job while over 1,000 ids are taken off its list."""
    mailing = wanted(id)
    with presented():
        service.refuse_stale(mailing, query.version)
        done = changes.make(current_actor(), mailing, Work.DELETE, zone=zone(), language=locale())
    return accepted(done) if isinstance(done, UUID) else None


@bp.get("/<id>/ids")
@endpoint(
    summary="List the ids of a mailing", permission="opens.view", query=IdFilter, answers={200: PageOf[MailedOut]}
)
def list_ids(id: str, query: IdFilter) -> PageOf[MailedOut]:
    """In their own order. `state` is `opened` or `waiting`."""
    state = State(query.state) if query.state else None
    found = unopened.of_mailing(db.session(), wanted(id), state, after=query.after, page=query.page, limit=query.limit)
    return found.answer(MailedOut.of)


@bp.post("/<id>/ids")
@endpoint(summary="List ids", permission="mailings.edit", body=IdsIn, answers={200: ListedOut, 409: None})
def add_ids(id: str, body: IdsIn) -> ListedOut:
    """Adds up to 5,000 ids; those that are listed stay as they are. What one id does wrong stops no other."""
    mailing = wanted(id)
    if body.sent_at is not None and body.sent_at.year not in reading.YEARS:
        raise Invalid({"sentAt": [WRONG_WORDS[reading.Wrong.TIME]]})
    rows = [judged(str(text), body.sent_at, index) for index, text in enumerate(body.ids)]
    return listed(mailing.id, changes.add_now(current_actor(), mailing, rows))


@bp.post("/<id>/list")
@endpoint(
    summary="Upload a list of ids",
    permission="mailings.edit",
    body=ListIn,
    file="file",
    limit=reading.MAX_BYTES,
    answers={200: ListedOut, 202: JobOut, 409: None},
)
def upload(id: str, upload: Upload, body: ListIn) -> Any:
    """CSV with a column `id_fatura` (or nothing but ids) and, if known, `sent_at`: up to 500,000 lines. 202 with a job
    for over 1,000; `index` of what was refused is then the number of the line."""
    mailing = wanted(id)
    work = Work.REPLACE if body.replace == "true" else Work.ADD
    done = changes.make(current_actor(), mailing, work, zone=zone(), language=locale(), content=upload.content)
    return accepted(done) if isinstance(done, UUID) else listed(mailing.id, done)


@bp.delete("/<id>/ids")
@endpoint(
    summary="Take all ids off a mailing's list",
    permission="mailings.edit",
    answers={204: None, 202: JobOut, 409: None},
)
def clear(id: str) -> Any:
    """204, or 202 with a job for over 1,000."""
    done = changes.make(current_actor(), wanted(id), Work.CLEAR, zone=zone(), language=locale())
    return accepted(done) if isinstance(done, UUID) else None


def wanted(id: str) -> Mailing:
    return service.get(current().account_id, to_uuid(id))


def shown(mailing: Mailing) -> MailingOut:
    return MailingOut.of(mailing, figures.of_mailing(db.session.connection(), mailing))


def accepted(job_id: UUID) -> tuple[JobOut, int]:
    return JobOut.of(asking.get(db.session(), current().account_id, job_id)), 202


def listed(mailing_id: UUID, tally: Tally) -> ListedOut:
    mailing = service.get(current().account_id, mailing_id)
    refused = [RefusedId(index=row.line, error=english(WRONG_WORDS[row.wrong])) for row in tally.refused if row.wrong]
    return ListedOut(**tally.counts(), refused=refused, listed=mailing.listed)


def zone() -> str:
    """That of times without one."""
    return db.session.get_one(Account, current().account_id).timezone


def given(body: Schema) -> dict[str, Any]:
    """What the caller sent, as the service takes it; 0 and an empty text clear."""
    values = body.model_dump(exclude_unset=True, exclude={"version"})
    return {name: (value or None) if name in ("sent", "image_id") else value for name, value in values.items()}


@contextmanager
def presented() -> Iterator[None]:
    """What the service says, with the names of the wire; a conflict shows the current mailing."""
    try:
        with presenting(Mailing, shown):
            yield
    except Invalid as error:
        raise Invalid({WIRE.get(name, name): texts for name, texts in error.fields.items()}) from None
