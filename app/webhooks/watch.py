"""What needs a person about webhooks: those that the product turned off since nothing arrived for days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flask_babel import gettext as _
from sqlalchemy import select

from app.attention.checks import Found, Look, Severity, register
from app.attention.words import Describe, Facts, Step, Words, describe, sentences
from app.outbound.detail_words import detail_words
from app.outbound.models import Target, TargetState
from app.webhooks.failing import FAILING
from app.webhooks.models import KIND

DISABLED = "webhook_disabled"
REASON = 200  # characters of what the receiver said


def watch() -> None:
    register("webhooks", WORDS, check)
    describe(WORDS)


def check(look: Look) -> Iterator[Found]:
    """One for each; a receiver that said it is gone is told of with all other targets that did."""
    columns = (Target.id, Target.account_id, Target.label, Target.reason, Target.failing_since)
    off = Target.kind == KIND, Target.state == TargetState.PAUSED, Target.reason_code == FAILING
    for target in look.connection.execute(select(*columns).where(*off)):
        facts = {"target": target.label, "kind": KIND, "reason": (target.reason or "")[:REASON]}
        yield Found(target.account_id, DISABLED, str(target.id), Severity.DANGER, facts)


def _disabled(subject: str, facts: Facts) -> Words:
    reason = detail_words(facts.get("reason"))
    said = _("The last error was: “%(reason)s”", reason=reason) if reason else ""
    return Words(
        _("The webhook %(target)s was turned off", target=facts["target"]),
        sentences(_("Nothing arrived there for five days."), said),
        _("Repair its receiver, then turn it on again: what it is owed is sent then."),
        (Step(_("Open the webhook"), "webhooks.show", "webhooks.view", {"id": subject}),),
    )


WORDS: Mapping[str, Describe] = {DISABLED: _disabled}
