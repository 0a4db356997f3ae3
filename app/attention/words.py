"""What each kind of finding means and what to do: its facts as sentences in the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.core.i18n import date_text, datetime_text, number

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """A page where the next step is taken, for those who may open it."""

    label: str
    endpoint: str
    permission: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Words:
    """`advice` is the next step in words; `steps` are the pages for it, the best first."""

    title: str
    text: str
    advice: str
    steps: tuple[Step, ...] = ()


ERRORS = {
    "refused": _l("refused by the platform"),
    "credentials": _l("refused credentials"),
    "throttled": _l("too many calls"),
    "timeout": _l("no answer in time"),
    "connection": _l("no connection"),
    "server": _l("trouble at the platform"),
    "expired": _l("too old for the platform"),
    "unbuilt": _l("could not be built"),
    "gone": _l("the receiver is gone"),
    "consent": _l("without consent"),
    "by_hand": _l("ended by hand"),
}
PROCESSES = {
    "deliver": _l("the worker that sends events"),
    "jobs": _l("the worker for long jobs"),
    "ticker": _l("the ticker, which starts what is due"),
}


def in_words(kind: str, subject: str, facts: Facts) -> Words:
    """Words for a finding; general ones for a kind or facts of another version of the product."""
    try:
        return KINDS[kind](subject, facts)
    except (KeyError, TypeError, ValueError):
        return Words(_("Something needs a person: %(kind)s", kind=kind), "", _("Ask whoever runs this server."))


def _token_refused(subject: str, facts: Facts) -> Words:
    return Words(
        _("%(target)s: the token is refused", target=facts["target"]),
        _sentences(_("Nothing is sent there until it has a new token."), _waiting(facts), _said(facts)),
        _("Create a new token at the platform and replace the old one here. What waits then goes out by itself."),
        _target_steps(subject, facts, _("Replace the token")),
    )


def _token_undecryptable(subject: str, facts: Facts) -> Words:
    return Words(
        _("%(target)s: the stored token cannot be read", target=facts["target"]),
        _("It was encrypted with a key that is no longer among ENCRYPTION_KEYS. Nothing can be sent there."),
        _("Put the old key back on the server, or enter the token again."),
        _target_steps(subject, {"kind": "conversion"}, _("Enter the token again")),
    )


def _paused_by_hand(subject: str, facts: Facts) -> Words:
    since = datetime_text(datetime.fromisoformat(facts["since"]))
    return Words(
        _("%(target)s has been paused for more than a day", target=facts["target"]),
        _sentences(
            _("Somebody paused it; since %(since)s nothing is sent there.", since=since),
            _waiting(facts),
            _("Platforms take events only for some days."),
        ),
        _("Resume it, or cancel what waits."),
        (_state(subject),),
    )


def _receiver_gone(subject: str, facts: Facts) -> Words:
    return Words(
        _("%(target)s no longer exists at the platform", target=facts["target"]),
        _sentences(_("It answered that it is gone, so nothing is sent there."), _waiting(facts), _said(facts)),
        _("Check its number at the platform; create it anew or delete it here."),
        _target_steps(subject, facts, None),
    )


def _breaker_open(subject: str, facts: Facts) -> Words:
    return Words(
        _("%(target)s cannot be reached", target=facts["target"]),
        _sentences(_("Its last calls all failed."), _waiting(facts), _said(facts)),
        _("It is tried again by itself. If this lasts, look at the platform's status page and this server's network."),
        (_state(subject),),
    )


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
        _("Most often: %(error)s.", error=ERRORS.get(facts["error"], facts["error"])),
        _("Look at why, repair the cause, then send them again or cancel them."),
        (_deliveries(_("See them"), state="dead", target=subject),),
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


def _no_worker(_subject: str, facts: Facts) -> Words:
    names = ", ".join(str(PROCESSES.get(kind, kind)) for kind in facts["missing"])
    return Words(
        _("A part of Kalitrack does not run"),
        _("No sign of life from: %(names)s. Events are still accepted and kept.", names=names),
        _("Start it on the server, or find out in its log why it ended."),
    )


def _version_expiring(_subject: str, facts: Facts) -> Words:
    version, day, count = facts["version"], date_text(date.fromisoformat(facts["end"])), int(facts["pixels"])
    if facts["ended"]:
        title = _("Version %(version)s of Meta's Graph API ended on %(day)s", version=version, day=day)
    else:
        title = _("Version %(version)s of Meta's Graph API ends on %(day)s", version=version, day=day)
    text = ngettext("%(number)s pixel uses it.", "%(number)s pixels use it.", count, number=number(count))
    if not facts["own"]:
        return Words(title, text, _("Set META_GRAPH_VERSION on the server to a newer version and start it again."))
    if facts["pixel"]:
        steps = _target_steps(facts["pixel"], {"kind": "conversion"}, _("Choose a newer version"))
    else:
        steps = (Step(_("See the pixels"), "pixels.index", "pixels.view", {"platform": "facebook"}),)
    return Words(title, text, _("Choose a newer version in the settings of the pixel."), steps)


def _clock_off(_subject: str, facts: Facts) -> Words:
    seconds = int(facts["seconds"])
    words = {"host": facts["host"], "seconds": number(abs(seconds))}
    if seconds > 0:
        title = _("The clock of %(host)s is %(seconds)s s ahead", **words)
    else:
        title = _("The clock of %(host)s is %(seconds)s s behind", **words)
    return Words(
        title,
        _("Events, retries and leases go by this clock, and platforms refuse events from the future."),
        _("Switch on time synchronisation (NTP) on this machine."),
    )


def _disk_low(_subject: str, facts: Facts) -> Words:
    free, total = int(facts["free_mb"]), int(facts["total_mb"])
    return Words(
        _("The disk of %(host)s is almost full", host=facts["host"]),
        _(
            "%(free)s of %(total)s are free. When it is full, no event can be accepted.",
            free=_size(free),
            total=_size(total),
        ),
        _("Make room on this machine, or give it a larger disk."),
    )


KINDS: dict[str, Callable[[str, Facts], Words]] = {
    "token_refused": _token_refused,
    "token_undecryptable": _token_undecryptable,
    "paused_by_hand": _paused_by_hand,
    "receiver_gone": _receiver_gone,
    "breaker_open": _breaker_open,
    "dead_letters": _dead_letters,
    "queue_old": _queue_old,
    "no_worker": _no_worker,
    "version_expiring": _version_expiring,
    "clock_off": _clock_off,
    "disk_low": _disk_low,
}


def _sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _waiting(facts: Facts) -> str:
    count = int(facts["waiting"])
    if not count:
        return ""
    return str(ngettext("%(number)s event waits.", "%(number)s events wait.", count, number=number(count)))


def _said(facts: Facts) -> str:
    return _("The answer was: “%(reason)s”", reason=facts["reason"]) if facts.get("reason") else ""


def _target_steps(id: str, facts: Facts, change: str | None) -> tuple[Step, ...]:
    """The pixel's own pages where the target is one's. `change`: what there is to do in its form."""
    state = _state(id)
    if facts["kind"] != "conversion":
        return (state,)
    show = Step(_("Open the pixel"), "pixels.show", "pixels.view", {"id": id})
    return (Step(change, "pixels.edit", "pixels.edit", {"id": id}), show, state) if change else (show, state)


def _state(id: str) -> Step:
    """Where a target is resumed, and its breaker reset."""
    return Step(_("See its state"), "deliveries.target", "deliveries.view", {"id": id})


def _deliveries(label: str, **values: str) -> Step:
    return Step(label, "deliveries.index", "deliveries.view", values)


def _size(megabytes: int) -> str:
    return f"{number(megabytes / 1024, 1)} GB" if megabytes >= 1024 else f"{number(megabytes)} MB"
