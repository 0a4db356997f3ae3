"""An event told to whoever listens: other features, outgoing webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.core import events
from app.funnels.cards import news
from app.funnels.models import Funnel
from app.funnels.rules.actions.action import Action, Kept, Scene, Undone, Why, Wrong
from app.funnels.rules.names import Names

EVENTS: dict[str, Any] = {"lead.qualified": _l("lead qualified")}


class Emit(Action):
    kind = "emit"
    label = _l("Tell an event")
    value = "event"
    input = "event"
    members = frozenset({"event"})

    def check(self, session: Session, funnel: Funnel, given: Mapping[str, Any]) -> Kept:
        event = given.get("event")
        if not isinstance(event, str) or event not in EVENTS:
            raise Wrong("event", _l("Choose one of the list."))
        return {"event": event}

    def run(self, scene: Scene, action: Kept) -> None:
        """The payload is that of every deal.* event, and `ruleId`."""
        event = action.get("event")
        if event not in EVENTS:
            raise Undone(Why.UNKNOWN)
        payload = news.of(scene.card) | {"ruleId": str(scene.rule.id)}
        events.emit(scene.session.connection(), str(event), scene.card.account_id, payload)

    def words(self, action: Kept, names: Names) -> str:
        return str(_("tell the event “%(event)s”", event=EVENTS.get(str(action.get("event")), "?")))
