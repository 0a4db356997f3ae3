"""The end of a category or tag with many contacts, done by a worker."""

from __future__ import annotations

from typing import Any, ClassVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.accounts import audit
from app.contacts.dissolving import PART, Dissolved, Ending, count, end, leave
from app.core.errors import NotFound
from app.core.jobs import Hold, LongJob
from app.core.models import Job


class Dissolving(LongJob):
    """A worker that takes over goes on with those that are left."""

    permission = "contacts.organize"
    ending: ClassVar[Ending]

    def run(self, hold: Hold) -> dict[str, Any] | None:
        try:
            self._dissolve(hold)
        except NotFound:
            return {"gone": True}
        return None

    def _dissolve(self, hold: Hold) -> None:
        dissolved = Dissolved.from_params(self.ending, hold.account_id, hold.params)
        if hold.cursor is None:
            with self.runtime.engine.connect() as connection:
                total = count(connection, dissolved)
            with hold.part() as part:
                part.total, part.cursor = total, {"number": 0}
        is_last = False
        while not is_last:
            with hold.part() as part:
                left = leave(part.connection, dissolved)
                number = (hold.cursor or {})["number"] + left
                part.done, part.cursor = left, {"number": number}
                is_last = left < PART
                if is_last:
                    actor = audit.actor_of(part.connection, hold.account_id, hold.created_by)
                    end(part.connection, actor, dissolved, number)


class DeleteCategory(Dissolving):
    title = _l("Deletion of a category")
    back = "categories.index"
    ending = Ending.DELETE_CATEGORY

    def words(self, job: Job) -> str:
        return str(_("The category is deleted. Its contacts stay."))


class DeleteTag(Dissolving):
    title = _l("Deletion of a tag")
    back = "tags.index"
    ending = Ending.DELETE_TAG

    def words(self, job: Job) -> str:
        return str(_("The tag is deleted. Its contacts stay."))


class MergeTags(Dissolving):
    title = _l("Merging two tags")
    back = "tags.index"
    ending = Ending.MERGE_TAGS

    def words(self, job: Job) -> str:
        if (job.result or {}).get("gone"):
            return str(_("The other tag was deleted meanwhile. Contacts that had not got it keep the one they had."))
        return str(_("The tags are one now."))
