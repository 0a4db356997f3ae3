"""The end of a stage with many cards, done by a worker."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.accounts import audit
from app.core.errors import Conflict, Invalid, NotFound
from app.core.jobs import Hold, LongJob
from app.core.models import Job
from app.funnels.structure.stages.emptying import Leaving, move_part


class EmptyStage(LongJob):
    """A worker that takes over goes on with the cards that are left. Cards that come into the stage meanwhile go, too:
    the last part finds it empty, and nobody else writes to the funnel then."""

    title = _l("Deletion of a stage")
    permission = "funnels.edit"
    back = "funnels.index"

    def run(self, hold: Hold) -> dict[str, Any] | None:
        try:
            self._empty(hold)
        except NotFound:
            return {"gone": True}
        except (Invalid, Conflict):
            return {"stays": True}
        return None

    def _empty(self, hold: Hold) -> None:
        leaving, is_gone = Leaving.from_params(hold.account_id, hold.params), False
        while not is_gone:
            moved = (hold.cursor or {"number": 0})["number"]
            with hold.part() as part, Session(bind=part.connection) as session:
                actor = audit.actor_of(part.connection, hold.account_id, hold.created_by)
                part.done, is_gone = move_part(session, actor, leaving, moved)
                session.flush()
                part.cursor = {"number": moved + part.done}

    def words(self, job: Job) -> str:
        result = job.result or {}
        if result.get("gone"):
            return str(_("The stage was deleted by somebody else meanwhile."))
        if result.get("stays"):
            return str(_("The stage stays, with the cards that could not go where they should: look at it again."))
        return str(_("The stage is deleted. Its cards are in the other one."))
