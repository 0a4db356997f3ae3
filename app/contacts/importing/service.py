"""The verbs on an import, shared by pages and API. Those that change something run inside a write transaction.

What a check leaves in `ContactImport.preview`: {"rows": n, "new": n, "updated": n, "skipped": n, "invalid": n,
"reasons": {reasons.Reason: rows, …}, "problems": [{"row": n, "reason": …, "column": place or null, "value": text}, …],
the first 50 rows that are wrong, "tooManyRows": true or false}."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from app.accounts import audit
from app.accounts.models import Account
from app.contacts import grouping
from app.contacts import service as contacts
from app.contacts.importing import wiping
from app.contacts.importing.fitting import misfits
from app.contacts.importing.models import ContactImport, ImportState
from app.contacts.importing.plan import Plan
from app.contacts.importing.rows import MAX_ROWS, Row, read_rows
from app.contacts.importing.standing import UNDER_WAY, standing
from app.contacts.values import check_tags
from app.core import clock, jobs
from app.core.access import Actor
from app.core.db import after_commit, db
from app.core.errors import Conflict, Invalid, NotFound
from app.core.i18n import locale
from app.core.models import Job, JobState

RECENT = 50
OPEN = (ImportState.UPLOADED, ImportState.CHECKED)
UNDOABLE = (ImportState.DONE, ImportState.STOPPED, ImportState.FAILED)


def get(account_id: UUID, id: UUID | None, *, lock: bool = False) -> ContactImport:
    """The import, for a change with its row locked; its `state` is what its job made of it. Raises NotFound, also for
    another account's."""
    wanted = select(ContactImport).where(ContactImport.account_id == account_id, ContactImport.id == id)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    row = db.session.scalar(wanted) if id is not None else None
    if row is None:
        raise NotFound
    _settle(db.session(), [row], for_good=lock)
    return row


def is_any_busy(account_id: UUID) -> bool:
    """Whether a file of the account is being read, or an import taken back."""
    found = select(ContactImport).where(ContactImport.account_id == account_id, ContactImport.state.in_(UNDER_WAY))
    rows = db.session.scalars(found).all()
    _settle(db.session(), rows, for_good=False)
    return any(row.state in UNDER_WAY for row in rows)


def recent(account_id: UUID, limit: int = RECENT) -> Sequence[ContactImport]:
    """The account's imports, newest first."""
    found = select(ContactImport).where(ContactImport.account_id == account_id)
    newest = found.order_by(ContactImport.created_at.desc(), ContactImport.id.desc()).limit(limit)
    rows = db.session.scalars(newest).all()
    _settle(db.session(), rows, for_good=False)
    return rows


def rows_of(row: ContactImport, first: int = 20) -> list[Row]:
    """The first rows of the file, for the eyes of who maps its columns."""
    found: list[Row] = []
    for one in read_rows(db.engine, row.id, row.encoding, row.delimiter):
        found.append(one)
        if len(found) >= first:
            break
    return found


def start_check(actor: Actor, row: ContactImport, plan: Plan) -> UUID:
    """Keeps the plan and starts counting what it would do; gives the job's id. `row` is `get(…, lock=True)`. Raises
    Invalid (`fitting.misfits`, `tags`, `categoryIds`), or Conflict where the import is past that or under way."""
    _refuse_unless(row, OPEN)
    _refuse_wrong(actor, row, plan)
    row.mapping, row.options, row.preview = plan.mapping_json(), plan.options_json(), None
    return _start(actor, row, "check_import", ImportState.CHECKING)


def start_at_once(actor: Actor, row: ContactImport, plan: Plan) -> UUID:
    """Keeps the plan and lets the import go without a check. As `start_check` otherwise."""
    _refuse_unless(row, OPEN)
    _refuse_wrong(actor, row, plan)
    row.mapping, row.options, row.preview = plan.mapping_json(), plan.options_json(), None
    return _go(actor, row)


def start_import(actor: Actor, row: ContactImport) -> UUID:
    """Lets a checked import go; gives the job's id. Raises Conflict where it is not checked, Invalid (`file`) for a
    file with too many rows or none."""
    _refuse_unless(row, (ImportState.CHECKED,))
    preview = row.preview or {}
    if preview.get("tooManyRows"):
        raise Invalid({"file": [_l("The file has more than %(max)s rows. Split it.", max=f"{MAX_ROWS:,}")]})
    if not preview.get("rows"):
        raise Invalid({"file": [_l("The file has no rows below its header.")]})
    return _go(actor, row)


def start_undo(actor: Actor, row: ContactImport) -> UUID:
    """Begins to take an import back; gives the job's id. Raises Conflict where there is nothing to take back, or the
    means to are gone."""
    if not may_undo(row):
        raise Conflict(_l("This import cannot be undone."), current=row)
    return _start(actor, row, "undo_import", ImportState.UNDOING)


def may_undo(row: ContactImport) -> bool:
    """Whether it ended, changed something and what undoing needs is still there."""
    return row.state in UNDOABLE and row.wiped_at is None and bool(row.created or row.updated)


def discard(actor: Actor, row: ContactImport) -> None:
    """Forgets an upload that was never imported: nobody can begin with it any more, and once the caller's transaction
    has committed, file and row go in parts. (Should it never come to that, the file goes with the nightly wiping.)
    Raises Conflict for one that went on."""
    _refuse_unless(row, OPEN)
    session, id_ = db.session(), row.id
    row.wiped_at, row.preview = clock.now(), wiping.without_people(row.preview)
    audit.record(session, actor, "contacts.import_discarded", subject_id=id_, subject=row.filename)
    connection = session.connection()
    engine = connection.engine
    after_commit(connection, f"discarded import {id_}", lambda: wiping.forget(engine, id_))


def job_of(row: ContactImport) -> Job | None:
    """Its last job: the check, the import or the undoing."""
    return db.session.get(Job, row.job_id) if row.job_id else None


def _go(actor: Actor, row: ContactImport) -> UUID:
    row.started_at = clock.now()
    audit.record(db.session(), actor, "contacts.import_started", subject_id=row.id, subject=row.filename)
    return _start(actor, row, "import_contacts", ImportState.RUNNING)


def _start(actor: Actor, row: ContactImport, kind: str, state: ImportState) -> UUID:
    _refuse_while_erasing(actor.account_id)
    params = {"import": str(row.id), "was": str(row.state), "language": locale()}
    total = (row.preview or {}).get("rows") if kind == "import_contacts" else None
    connection = db.session.connection()
    row.job_id = jobs.start(
        connection, account_id=row.account_id, kind=kind, params=params, total=total, created_by=actor.user_id
    )
    row.state = str(state)
    return row.job_id


def _settle(session: Session, rows: Sequence[ContactImport], *, for_good: bool) -> None:
    """A job that was stopped before it ran, or that killed its workers, could not note it in its import."""
    ids = [row.job_id for row in rows if row.job_id is not None]
    found = {job.id: job for job in session.scalars(select(Job).where(Job.id.in_(ids)))} if ids else {}
    for row in rows:
        state = standing(row.state, found.get(row.job_id) if row.job_id else None)
        if state == row.state:
            continue
        if for_good:
            row.state = state
            row.finished_at = row.finished_at or clock.now()
        else:
            set_committed_value(row, "state", state)


def _refuse_unless(row: ContactImport, states: Sequence[ImportState]) -> None:
    if row.state not in states or row.wiped_at is not None:
        raise Conflict(_l("This import has gone on meanwhile."), current=row)


def _refuse_while_erasing(account_id: UUID) -> None:
    """What is read of a file now, or taken back, could bring in again whom a worker is taking out."""
    under_way = Job.state.in_([str(JobState.QUEUED), str(JobState.RUNNING)])
    erasing = select(Job.id).where(Job.account_id == account_id, Job.kind == "erase_person", under_way)
    if db.session.scalar(erasing.limit(1)) is not None:
        raise Conflict(_l("Somebody's data is being erased just now. Try again when that is done."))


def _refuse_wrong(actor: Actor, row: ContactImport, plan: Plan) -> None:
    keys = [field.key for field in contacts.fields_of(actor.account_id)]
    zone = db.session.scalar(select(Account.timezone).where(Account.id == actor.account_id)) or "UTC"
    if wrong := misfits(plan, len(row.columns), keys, clock.now().astimezone(ZoneInfo(zone)).date()):
        raise Invalid(wrong)
    check_tags(plan.tags)
    grouping.category_ids(db.session.connection(), actor.account_id, plan.categories)
