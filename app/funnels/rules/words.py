"""Rules and their runs, said in the reader's language."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.funnels.models import CardRule
from app.funnels.rules.actions.action import Why
from app.funnels.rules.actions.table import kind_of
from app.funnels.rules.names import Names
from app.funnels.rules.reading import source_of
from app.funnels.states import Outcome, Trigger

TRIGGERS: dict[str, Any] = {
    Trigger.ENTERED: _l("A card enters a stage"),
    Trigger.STAYED: _l("A card stays in a stage for days"),
    Trigger.TAGGED: _l("The contact of a card has a tag"),
}
OUTCOMES: dict[str, tuple[Any, str]] = {  # a word and its tone
    Outcome.DONE: (_l("Done"), "success"),
    Outcome.PARTLY: (_l("Partly done"), "warning"),
    Outcome.FAILED: (_l("Not done"), "danger"),
    Outcome.STOPPED: (_l("Stopped"), "danger"),
}
WHY: dict[str, Any] = {
    Why.GONE_STAGE: _l("the stage is gone"),
    Why.GONE_TAG: _l("the tag is gone"),
    Why.GONE_PERSON: _l("this person is gone"),
    Why.DISABLED_PERSON: _l("this person can no longer sign in"),
    Why.NO_CONTACT: _l("the contact is gone"),
    Why.NO_OWNER: _l("the card has no owner"),
    Why.FULL: _l("the contact has too many tags"),
    Why.SECOND_OPEN: _l("the contact has another open card in this funnel"),
    Why.NEEDS_REASON: _l("a lost deal needs a reason"),
    Why.TOO_MANY_LETTERS: _l("too many e-mails within an hour"),
    Why.UNKNOWN: _l("this version does not know this action"),
    Why.REFUSED: _l("the card could not be changed"),
    Why.CIRCLE: _l("too many rules set each other off; look for rules that go round in circles"),
}


def sentence(rule: CardRule, names: Names) -> str:
    """ "When a card enters Proposal: tag with “hot”, notify the owner"."""
    what = ", ".join(of_action(action, names) for action in rule.actions)
    return str(_("%(when)s: %(what)s", when=_when(rule, names), what=what))


def _when(rule: CardRule, names: Names) -> str:
    name = names.of(source_of(rule))
    if rule.trigger == Trigger.TAGGED:
        return str(_("When the contact of an open card has the tag “%(tag)s”", tag=name))
    if rule.trigger == Trigger.ENTERED:
        return str(_("When a card enters %(stage)s", stage=name))
    said = ngettext(
        "When a card stays in %(stage)s for %(num)d day", "When a card stays in %(stage)s for %(num)d days",
        rule.days or 0, stage=name,
    )  # fmt: skip
    return str(said)


def of_action(action: Any, names: Names) -> str:
    kind = kind_of(action)
    return kind.words(action, names) if kind else str(_("an action that this version does not know"))


def of_why(why: object) -> str:
    return str(WHY.get(str(why), WHY[Why.REFUSED]))
