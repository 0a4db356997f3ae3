"""The words for what `watch` finds about receivers, each with its next step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from app.attention.words import Describe, Facts, Step, Words, sentences
from app.core.i18n import datetime_text, number
from app.outbound.detail_words import detail_words, is_fault
from app.outbound.words import error_word

TOKEN_REFUSED, PAUSED_BY_HAND, RECEIVER_GONE = "token_refused", "paused_by_hand", "receiver_gone"
BREAKER_OPEN, DEAD_LETTERS, QUEUE_OLD = "breaker_open", "dead_letters", "queue_old"
MAIL, WEBHOOK, HUB = "mail", "webhook", "hub"


def _token_refused(subject: str, facts: Facts) -> Words:
    if facts["kind"] == MAIL:
        return Words(
            _("The mail server refuses our sign-in"),
            sentences(_("No e-mail is sent."), _said(facts)),
            _("Have SMTP_URL corrected by whoever runs this server; the next start sends what waits."),
            (Step(_("Open the outbox"), "outbox.index", "outbox.view"), _state(subject)),
        )
    if facts["kind"] == HUB:
        return Words(
            _("%(target)s: the token is refused", target=facts["target"]),
            sentences(_("Nothing is sent there until it has a new token."), _waiting(facts), _said(facts)),
            _("Have INTERNAL_API_TOKEN corrected by whoever runs this server, then resume it."),
            (_state(subject),),
        )
    return Words(
        _("%(target)s: the token is refused", target=facts["target"]),
        sentences(_("Nothing is sent there until it has a new token."), _waiting(facts), _said(facts)),
        _("Create a new token at the platform and replace the old one here. What waits then goes out by itself."),
        target_steps(subject, facts, _("Replace the token")),
    )


def _paused_by_hand(subject: str, facts: Facts) -> Words:
    since = datetime_text(datetime.fromisoformat(facts["since"]))
    return Words(
        _("%(target)s has been paused for more than a day", target=facts["target"]),
        sentences(
            _("Somebody paused it; since %(since)s nothing is sent there.", since=since),
            _waiting(facts),
            _("Platforms take events only for some days.") if _is_platform(facts) else "",
        ),
        _("Resume it, or cancel what waits."),
        (_state(subject),),
    )


def _receiver_gone(subject: str, facts: Facts) -> Words:
    if facts["kind"] == WEBHOOK:
        return Words(
            _("%(target)s wants to be told no more", target=facts["target"]),
            sentences(_("It answered that it is gone, so nothing is sent there."), _waiting(facts), _said(facts)),
            _("Ask whoever runs it; then turn the webhook on again, or delete it."),
            target_steps(subject, facts, None),
        )
    return Words(
        _("%(target)s no longer exists at the platform", target=facts["target"]),
        sentences(_("It answered that it is gone, so nothing is sent there."), _waiting(facts), _said(facts)),
        _("Check its number at the platform; create it anew or delete it here."),
        target_steps(subject, facts, None),
    )


def _breaker_open(subject: str, facts: Facts) -> Words:
    is_receiver = not (_is_platform(facts) or facts["kind"] == MAIL)  # it may well answer, as with 401
    return Words(
        _("%(target)s: all calls fail", target=facts["target"])
        if is_receiver
        else _("%(target)s cannot be reached", target=facts["target"]),
        sentences(_("Its last calls all failed."), _waiting(facts), _said(facts)),
        _breaker_advice(facts),
        (_state(subject),),
    )


def _breaker_advice(facts: Facts) -> Any:
    if _is_platform(facts):
        return _(
            "It is tried again by itself. If this lasts, look at the platform's status page and this server's network."
        )
    if facts["kind"] == MAIL:
        return _("It is tried again by itself. If this lasts, look at the mail server and this server's network.")
    return _("It is tried again by itself. If this lasts, ask whoever runs the receiver.")


def _dead_letters(subject: str, facts: Facts) -> Words:
    count = int(facts["number"])
    return Words(
        ngettext(
            "%(target)s: %(number)s delivery was given up",
            "%(target)s: %(number)s deliveries were given up",
            count,
            target=facts["target"],
            number=number(count),
        ),
        _("Most often: %(error)s.", error=error_word(facts["error"], facts.get("kind"))),
        _("Look at why, repair the cause, then send them again or cancel them."),
        (Step(_("See them"), "dead_letters", "deliveries.view", {"target": subject}),),
    )


def _queue_old(_subject: str, facts: Facts) -> Words:
    since, count = datetime_text(datetime.fromisoformat(facts["since"])), int(facts["targets"])
    return Words(
        _("Events are sent late"),
        ngettext(
            "The oldest, for %(target)s, could have gone out at %(since)s.",
            "The oldest, for %(target)s, could have gone out at %(since)s; %(number)s receivers are late.",
            count,
            target=facts["target"],
            since=since,
            number=number(count),
        ),
        _("Either no worker runs or the workers cannot keep up: look at the server, start workers or add some."),
        (_deliveries(_("See what waits"), state="open"),),
    )


def _waiting(facts: Facts) -> str:
    count = int(facts["waiting"])
    if not count:
        return ""
    if facts.get("kind") == MAIL:
        return str(ngettext("%(number)s e-mail waits.", "%(number)s e-mails wait.", count, number=number(count)))
    return str(ngettext("%(number)s event waits.", "%(number)s events wait.", count, number=number(count)))


def _said(facts: Facts) -> str:
    if not (reason := facts.get("reason")):
        return ""
    if is_fault(reason):
        return str(_("The last error was: “%(reason)s”", reason=detail_words(reason)))
    return str(_("The answer was: “%(reason)s”", reason=detail_words(reason)))


def _is_platform(facts: Facts) -> bool:
    return facts.get("kind") not in (MAIL, WEBHOOK, HUB)


def target_steps(id: str, facts: Facts, change: str | None) -> tuple[Step, ...]:
    """The pixel's or webhook's own pages where the target is one's. `change`: what there is to do in its form."""
    state = _state(id)
    if facts["kind"] == WEBHOOK:
        return (Step(_("Open the webhook"), "webhooks.show", "webhooks.view", {"id": id}), state)
    if facts["kind"] != "conversion":
        return (state,)
    show = Step(_("Open the pixel"), "pixels.show", "pixels.view", {"id": id})
    return (Step(change, "pixels.edit", "pixels.edit", {"id": id}), show, state) if change else (show, state)


def _state(id: str) -> Step:
    """Where a target is resumed, and its breaker reset."""
    return Step(_("See its state"), "deliveries.target", "deliveries.view", {"id": id})


def _deliveries(label: str, **values: str) -> Step:
    return Step(label, "deliveries.index", "deliveries.view", values)


WORDS: Mapping[str, Describe] = {
    TOKEN_REFUSED: _token_refused,
    PAUSED_BY_HAND: _paused_by_hand,
    RECEIVER_GONE: _receiver_gone,
    BREAKER_OPEN: _breaker_open,
    DEAD_LETTERS: _dead_letters,
    QUEUE_OLD: _queue_old,
}
