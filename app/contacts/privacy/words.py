"""The privacy desk in words: kinds of requests, where they stand, what was done."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.contacts.privacy.models import PrivacyRequest, RequestKind, RequestState

KINDS: dict[str, Any] = {
    RequestKind.ACCESS: _l("Access to their data"),
    RequestKind.CORRECTION: _l("Correction"),
    RequestKind.ANONYMISATION: _l("Anonymisation"),
    RequestKind.DELETION: _l("Deletion"),
}
STATES: dict[str, tuple[Any, str]] = {
    RequestState.OPEN: (_l("Open"), "info"),
    RequestState.DONE: (_l("Done"), "success"),
    RequestState.DECLINED: (_l("Declined"), "secondary"),
}
ACTIONS: dict[str, tuple[Any, str, str]] = {  # words, tone, icon
    "created": (_l("Request recorded"), "info", "plus"),
    "exported": (_l("Data exported"), "info", "download"),
    "anonymise_started": (_l("Anonymisation started"), "warning", "eye-off"),
    "delete_started": (_l("Deletion started"), "warning", "trash"),
    "anonymised": (_l("Anonymised"), "success", "eye-off"),
    "deleted": (_l("Deleted"), "success", "trash"),
    "answered": (_l("Closed as answered"), "success", "check"),
    "declined": (_l("Declined"), "secondary", "circle-x"),
}
TABLES: dict[str, Any] = {
    "contact": _l("contacts"),
    "contact_tag": _l("tags"),
    "contact_category": _l("categories"),
    "consent_event": _l("consents"),
    "timeline_entry": _l("entries of the timeline"),
    "contact_merge": _l("merges"),
    "import_change": _l("states before an import"),
    "contact_import": _l("uploaded files"),
    "job_part": _l("exported files"),
    "tracked_event": _l("events"),
    "delivery": _l("deliveries"),
    "attempt": _l("attempts"),
    "log_line": _l("lines of the event log"),
    "email_open": _l("opens"),
    "shared_with": _l("recipients"),
}
SOON = timedelta(days=5)


class Due(NamedTuple):
    word: str
    tone: str


def due_of(request: PrivacyRequest, now: datetime) -> Due:
    """The coloured word of the list: how long there is left, or how it ended."""
    if request.state != RequestState.OPEN:
        word, tone = STATES[request.state]
        return Due(str(word), tone)
    left = request.due_at - now
    if left < timedelta():
        days = -left.days
        return Due(ngettext("%(num)d day late", "%(num)d days late", days), "danger")
    days = -(-left // timedelta(days=1))
    said = ngettext("%(num)d day left", "%(num)d days left", days)
    return Due(said, "danger" if days == 1 else "warning" if left < SOON else "success")


def counts_words(facts: dict[str, Any]) -> str:
    """`contacts: 3 · events: 12`, of what an action noted."""
    counts = facts.get("counts")
    if not isinstance(counts, dict):
        return ""
    return " · ".join(f"{TABLES.get(table, table)}: {number}" for table, number in counts.items()) or _(
        "Nothing was found."
    )
