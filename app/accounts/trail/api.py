"""`/api/audit`: entries are read, and nothing else."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.accounts.models import Account
from app.accounts.trail import reading
from app.accounts.trail.filters import from_url
from app.accounts.trail.schemas import AuditQuery, EntryOut
from app.core import clock
from app.core.api import current, endpoint, resource_blueprint
from app.core.db import TooSlow, db
from app.core.errors import Invalid, Malformed, english
from app.core.pagination import PageOf

bp = resource_blueprint("api_audit", __name__, "/audit")
TOO_SLOW = "This search takes too long: ask for a shorter period"
WIRE_NAMES = {"subject": "subjectId"}


@bp.get("")
@endpoint(summary="Read the audit", permission="audit.view", query=AuditQuery, answers={200: PageOf[EntryOut]})
def index(query: AuditQuery) -> PageOf[EntryOut]:
    """Who did what, when and from where, newest first. Without `from`, the 30 days before `to` (or now)."""
    account_id = current().account_id
    zone = db.session.scalar(select(Account.timezone).where(Account.id == account_id)) or "UTC"
    given = {
        "from": query.start,
        "to": query.end,
        "action": query.action,
        "user": str(query.user or ""),
        "actor": query.actor,
        "subject": query.subject_id,
        "address": query.address,
    }
    asked = from_url({name: text for name, text in given.items() if text}, ZoneInfo(zone), clock.now())
    if asked.problems:
        raise Invalid({WIRE_NAMES.get(name, name): english(text) for name, text in asked.problems.items()})
    try:
        found = reading.search(
            db.session(), account_id, asked.filters, after=query.after, page=query.page, limit=query.limit
        )
    except TooSlow:
        raise Malformed(TOO_SLOW) from None
    return found.answer(EntryOut.model_validate)
