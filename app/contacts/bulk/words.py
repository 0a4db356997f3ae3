"""What became of a change of many contacts, in words."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.contacts.bulk.actions import Action
from app.core.i18n import number as _n
from app.core.models import Job

TITLES = {
    Action.ADD_TAGS: _l("Add tags"),
    Action.REMOVE_TAGS: _l("Remove tags"),
    Action.ADD_CATEGORIES: _l("Add to categories"),
    Action.REMOVE_CATEGORIES: _l("Take out of categories"),
    Action.DELETE: _l("Delete contacts"),
}


def said(job: Job) -> str:
    """Of a job of this kind that is done."""
    if (job.result or {}).get("gone"):
        return str(_("What this was about is gone: a segment, a tag or a category was deleted meanwhile."))
    parts = [_done(job)]
    if job.skipped:
        left = _n(job.skipped)
        parts.append(
            ngettext("%(number)s was left as it is.", "%(number)s were left as they are.", job.skipped, number=left)
        )
    return " ".join(parts)


def _done(job: Job) -> str:
    done, shown = job.done, _n(job.done)
    is_deletion = job.params["action"] == Action.DELETE
    if "undoes" in job.params and is_deletion:
        words = ngettext("%(number)s contact is back.", "%(number)s contacts are back.", done, number=shown)
    elif "undoes" in job.params:
        words = ngettext("Undone for %(number)s contact.", "Undone for %(number)s contacts.", done, number=shown)
    elif is_deletion:
        words = ngettext("%(number)s contact deleted.", "%(number)s contacts deleted.", done, number=shown)
    else:
        words = ngettext("%(number)s contact changed.", "%(number)s contacts changed.", done, number=shown)
    return str(words)
