"""The kinds of actions. A new one is a class and a line here."""

from __future__ import annotations

from app.funnels.rules.actions.action import Action
from app.funnels.rules.actions.moving import Move
from app.funnels.rules.actions.notifying import Notify
from app.funnels.rules.actions.owning import SetOwner
from app.funnels.rules.actions.tagging import AddTag
from app.funnels.rules.actions.telling import Emit

KINDS: dict[str, Action] = {one.kind: one for one in (AddTag(), SetOwner(), Move(), Notify(), Emit())}


def kind_of(action: object) -> Action | None:
    """The kind of a stored action; None for one that this version does not know."""
    kind = action.get("kind") if isinstance(action, dict) else None
    return KINDS.get(kind) if isinstance(kind, str) else None
