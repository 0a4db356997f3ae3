"""What a rule may be: name, trigger and actions checked, from whoever sends them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contacts.models import Tag
from app.core.errors import Invalid, Text
from app.core.folding import is_blank
from app.core.ids import to_uuid
from app.core.schema import CONTROLS
from app.funnels.cards import locking
from app.funnels.models import CardRule, Funnel
from app.funnels.rules.actions.action import Kept, Wrong, id_in
from app.funnels.rules.actions.moving import NO_STAGE
from app.funnels.rules.actions.table import KINDS, kind_of
from app.funnels.rules.actions.tagging import NO_TAG, tag_named, tag_of
from app.funnels.states import State, Trigger

MAX_NAME = 80
MAX_ACTIONS = 10
MAX_DAYS = 3650
CHOOSE = _l("Choose one of the list.")
Found = tuple[str, Any]  # a column and its value


def check(session: Session, funnel: Funnel, given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given of `name`, `isActive`, `trigger`, `stageId`, `tagId` or `tag` (a name), `days` and `actions`, as
    columns of CardRule. Tags are made where they are new, and stay to the end of the transaction. Raises Invalid by
    these names, of actions by their place: `actions.0.stageId`."""
    clean: dict[str, Any] = {}
    wrong: dict[str, Text] = {}
    for member, read in _READERS.items():
        if member in given:
            try:
                column, value = read(session, funnel, given[member])
                clean[column] = value
            except Wrong as error:
                wrong[member] = error.text
            except Invalid as error:
                wrong |= {place: texts[0] for place, texts in error.fields.items()}
    if wrong:
        raise Invalid(wrong)
    _keep_tags(session, clean)
    return clean


def complete(session: Session, funnel: Funnel, rule: CardRule) -> None:
    """Leaves of the trigger what it needs. Raises Invalid for what is missing or does not go together."""
    wrong: dict[str, Text] = {}
    if rule.trigger == Trigger.TAGGED:
        rule.stage_id = None
        if rule.tag_id is None:
            wrong["tag"] = _l("Say which tag.")
    else:
        rule.tag_id = None
        with session.no_autoflush:
            stage = locking.stage(session, funnel, rule.stage_id)
        if stage is None:
            wrong["stageId"] = NO_STAGE
        elif rule.trigger == Trigger.STAYED and stage.kind != State.OPEN:
            wrong["stageId"] = _l("Deals in this stage are closed, and no longer wait.")
    if rule.trigger != Trigger.STAYED:
        rule.days = None
    elif rule.days is None:
        wrong["days"] = _l("Say after how many days.")
    if wrong:
        raise Invalid(wrong)


def _name(_session: Session, _funnel: Funnel, value: Any) -> Found:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if is_blank(text) or len(text) > MAX_NAME or CONTROLS.search(text):
        raise Wrong("", _l("A name of 1 to %(max)d characters.", max=MAX_NAME))
    return "name", text


def _is_active(_session: Session, _funnel: Funnel, value: Any) -> Found:
    if not isinstance(value, bool):
        raise Wrong("", _l("Yes or no."))
    return "is_active", value


def _trigger(_session: Session, _funnel: Funnel, value: Any) -> Found:
    if value not in list(Trigger):
        raise Wrong("", CHOOSE)
    return "trigger", str(value)


def _stage(_session: Session, _funnel: Funnel, value: Any) -> Found:
    return "stage_id", to_uuid(value)  # whether it is there is asked when it is needed: `complete`


def _tag_id(session: Session, funnel: Funnel, value: Any) -> Found:
    if value in (None, ""):
        return "tag_id", None
    try:
        return "tag_id", tag_of(session, funnel, to_uuid(value))
    except Wrong as error:
        raise Wrong("", error.text) from None


def _tag(session: Session, funnel: Funnel, value: Any) -> Found:
    if value in (None, ""):
        return "tag_id", None
    try:
        return "tag_id", tag_named(session, funnel, value)
    except Wrong as error:
        raise Wrong("", error.text) from None


def _days(_session: Session, _funnel: Funnel, value: Any) -> Found:
    if value is None:
        return "days", None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_DAYS:
        raise Wrong("", _l("A number of days from 1 to %(max)d.", max=MAX_DAYS))
    return "days", value


def _actions(session: Session, funnel: Funnel, value: Any) -> Found:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_ACTIONS:
        raise Wrong("", _l("From one to %(max)d actions.", max=MAX_ACTIONS))
    kept: list[Kept] = []
    wrong: dict[str, Text] = {}
    for place, given in enumerate(value):
        try:
            kept.append(_action(session, funnel, given))
        except Wrong as error:
            wrong[".".join(filter(None, ("actions", str(place), error.field)))] = error.text
    if wrong:
        raise Invalid(wrong)
    return "actions", kept


def _action(session: Session, funnel: Funnel, given: Any) -> Kept:
    kind = kind_of(given)
    if kind is None:
        raise Wrong("kind", _l("One of: %(kinds)s.", kinds=", ".join(KINDS)))
    if given.keys() - kind.members - {"kind"}:
        raise Wrong(
            "", _l("An action of this kind has no more than: %(members)s.", members=", ".join(sorted(kind.members)))
        )
    return {"kind": kind.kind} | kind.check(session, funnel, given)


def _keep_tags(session: Session, clean: Mapping[str, Any]) -> None:
    """What the rule names stays to the end of the transaction. Always before the account's row is locked: whoever
    merges tags does it in this order."""
    ids = {id_in(action, "tagId") for action in clean.get("actions", [])} | {clean.get("tag_id")}
    wanted = sorted(id_ for id_ in ids if id_ is not None)
    held = select(Tag.id).where(Tag.id.in_(wanted)).order_by(Tag.id).with_for_update(read=True, key_share=True)
    if wanted and len(session.scalars(held).all()) < len(wanted):
        raise Invalid({"tag": NO_TAG})


_READERS: dict[str, Callable[[Session, Funnel, Any], Found]] = {
    "name": _name,
    "isActive": _is_active,
    "trigger": _trigger,
    "stageId": _stage,
    "tagId": _tag_id,
    "tag": _tag,
    "days": _days,
    "actions": _actions,
}
