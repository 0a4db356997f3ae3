"""The file of everything held about a person, as an answer of page or API; who took it along is noted."""

from __future__ import annotations

from uuid import UUID

from flask import Response, send_file

from app.contacts.privacy import people, service
from app.contacts.privacy.export import FORMATS, filename, write
from app.core.access import Actor
from app.core.db import db
from app.core.db import write as writing
from app.core.errors import Conflict
from app.core.exports import new_file


def export_file(actor: Actor, id: UUID | None, suffix: str, language: str) -> Response:
    """Raises NotFound; Conflict for a closed request, which no longer knows whom it is about."""
    session, out = db.session(), new_file()
    asked = service.get(session, actor.account_id, id)
    subject = service.opened(asked)
    if subject is None:
        raise Conflict(service.why_unknown(asked))
    subject = people.widened(session, actor.account_id, subject)
    counts = write(session, actor.account_id, subject, suffix, out, language)
    with writing() as store:
        found = service.get(store, actor.account_id, id)
        service.note(store.connection(), actor, found, "exported", {"format": suffix, "counts": counts})
    out.seek(0)
    response = send_file(out, mimetype=FORMATS[suffix], as_attachment=True, download_name=filename(suffix))
    response.content_type = FORMATS[suffix]
    response.headers["Cache-Control"] = "private, no-store"
    return response
