"""An e-mail to the card's owner, or to somebody of the account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.contacts.models import Contact
from app.core import clock, mail
from app.core.runtime import runtime
from app.funnels.models import Funnel, Stage
from app.funnels.rules import letters
from app.funnels.rules.actions.action import Action, Kept, Scene, Undone, Why, id_in
from app.funnels.rules.actions.owning import active_person, person_who_acts
from app.funnels.rules.names import Names, Ref, RefKind
from app.outbound.mail.models import MailMessage

OWNER = "owner"
MOST_AN_HOUR = 300  # of an account: who adds 5,000 cards to a stage does not want 5,000 e-mails
WORTH = timedelta(days=2)


class Notify(Action):
    kind = "notify"
    label = _l("Notify by e-mail")
    value = "to"
    input = "recipient"
    members = frozenset({"to"})

    def check(self, session: Session, funnel: Funnel, given: Mapping[str, Any]) -> Kept:
        """`to`: "owner" or the id of a person."""
        if given.get("to") == OWNER:
            return {"to": OWNER}
        return {"to": str(active_person(session, funnel.account_id, id_in(given, "to"), "to").id)}

    def run(self, scene: Scene, action: Kept) -> None:
        session, card = scene.session, scene.card
        is_owner = action.get("to") == OWNER
        if is_owner and card.owner_id is None:
            raise Undone(Why.NO_OWNER)
        person = person_who_acts(scene, card.owner_id if is_owner else id_in(action, "to"))
        if _sent_lately(session, card.account_id) >= MOST_AN_HOUR:
            raise Undone(Why.TOO_MANY_LETTERS)
        contact = session.scalar(select(Contact).where(Contact.id == card.contact_id))
        funnel, stage = session.get(Funnel, card.funnel_id), session.get(Stage, card.stage_id)
        if contact is None or funnel is None or stage is None:
            raise Undone(Why.NO_CONTACT)
        seen = letters.Seen(contact.name, stage.name, funnel.name, scene.rule.name)
        wanted = letters.notice(runtime().settings, person.locale, card, seen)  # 1 ms, and of what is true in here only
        mail.post(session.connection(), card.account_id, person.email, wanted, clock.now() + WORTH)

    def words(self, action: Kept, names: Names) -> str:
        if action.get("to") == OWNER:
            return str(_("notify the owner"))
        return str(_("notify %(person)s", person=names.of(self.refers(action))))

    def refers(self, action: Kept) -> Ref | None:
        user_id = id_in(action, "to")
        return Ref(RefKind.PERSON, user_id) if user_id else None


def _sent_lately(session: Session, account_id: UUID) -> int:
    since = _first_id_of(clock.now() - timedelta(hours=1))
    mine = MailMessage.account_id == account_id, MailMessage.id >= since, MailMessage.purpose == letters.PURPOSE
    some = select(MailMessage.id).where(*mine).limit(MOST_AN_HOUR).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _first_id_of(at: datetime) -> UUID:
    """The smallest UUIDv7 of a moment: ids are in the index, times are not."""
    return UUID(int=int(at.timestamp() * 1000) << 80)
