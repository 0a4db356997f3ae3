"""The API of the export of contacts: /api/contacts/export."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.accounts.models import User
from app.contacts.api import zone_of_account
from app.contacts.exporting import export, service
from app.contacts.exporting.pages import file_of
from app.contacts.exporting.schemas import ExportQuery
from app.core import jobs
from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.db import db, write
from app.core.i18n import DEFAULT_LOCALE
from app.core.jobs.schemas import JobOut
from app.core.spreadsheets import KINDS

bp = resource_blueprint("api_contact_export", __name__, "/contacts/export")


@bp.get("")
@endpoint(
    summary="Export contacts",
    permission="contacts.export",
    confirmed=True,
    query=ExportQuery,
    answers={200: None, 202: JobOut},
    media=tuple(kind.content_type.partition(";")[0] for kind in KINDS.values()),
)
def index(query: ExportQuery) -> Any:
    """Exactly the filtered set, in the language of whoever asks. Up to 5,000 contacts are the answer; more are made by
    a job (202), whose `file` is kept for seven days. It is noted in the audit. 400 where `q` means more than 10,000."""
    zone, actor = zone_of_account(), current_actor()
    filters = query.to_filters(zone)
    language = db.session.scalar(select(User.locale).where(User.id == actor.user_id)) or DEFAULT_LOCALE
    order = service.order_of(db.session(), current().account_id, filters, query.format, zone.key, language)
    number = service.size(db.session(), order, filters)
    if service.is_small(number):
        return file_of(order)
    with write() as session:
        id_ = export.start(session, actor, order, number)
    return JobOut.of(jobs.get(db.session(), current().account_id, id_)), 202, {"Location": f"/api/jobs/{id_}"}
