"""The card given to somebody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.funnels.cards import service
from app.funnels.models import Funnel
from app.funnels.rules.actions.action import Action, Kept, Scene, Undone, Why, Wrong, id_in
from app.funnels.rules.names import Names, Ref, RefKind

NO_PERSON = _l("There is no such person.")
DISABLED = _l("This person can no longer sign in.")


class SetOwner(Action):
    kind = "set_owner"
    label = _l("Set the owner")
    value = "userId"
    input = "person"
    members = frozenset({"userId"})

    def check(self, session: Session, funnel: Funnel, given: Mapping[str, Any]) -> Kept:
        return {"userId": str(active_person(session, funnel.account_id, id_in(given, "userId"), "userId").id)}

    def run(self, scene: Scene, action: Kept) -> None:
        person = person_who_acts(scene, id_in(action, "userId"))
        if scene.card.owner_id != person.id:
            service.update(scene.rule.doer, scene.card.id, {"ownerId": person.id})

    def words(self, action: Kept, names: Names) -> str:
        return str(_("give it to %(person)s", person=names.of(self.refers(action))))

    def refers(self, action: Kept) -> Ref | None:
        user_id = id_in(action, "userId")
        return Ref(RefKind.PERSON, user_id) if user_id else None


def active_person(session: Session, account_id: UUID, id: UUID | None, field: str) -> User:
    """Raises Wrong."""
    mine = select(User).where(User.account_id == account_id, User.id == id)
    found: User | None = session.scalar(mine) if id else None
    if found is None:
        raise Wrong(field, NO_PERSON)
    if not found.is_active:
        raise Wrong(field, DISABLED)
    return found


def person_who_acts(scene: Scene, id: UUID | None) -> User:
    """Raises Undone."""
    try:
        return active_person(scene.session, scene.rule.account_id, id, "")
    except Wrong as error:
        raise Undone(Why.DISABLED_PERSON if error.text is DISABLED else Why.GONE_PERSON) from None
