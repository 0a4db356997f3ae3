"""The words for machines and processes: who is silent, whose clock or disk is off."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.attention.vitals import CLOCK_OFF, DISK_LOW, NO_WORKER
from app.attention.words import Describe, Facts, Words
from app.core.i18n import number

PROCESSES = {
    "deliver": _l("the worker that sends events"),
    "jobs": _l("the worker for long jobs"),
    "ticker": _l("the ticker, which starts what is due"),
}


def _no_worker(_subject: str, facts: Facts) -> Words:
    names = ", ".join(str(PROCESSES.get(kind, kind)) for kind in facts["missing"])
    return Words(
        _("A part of Kalitrack does not run"),
        _("No sign of life from: %(names)s. Events are still accepted and kept.", names=names),
        _("Start it on the server, or find out in its log why it ended."),
    )


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


def _size(megabytes: int) -> str:
    return f"{number(megabytes / 1024, 1)} GB" if megabytes >= 1024 else f"{number(megabytes)} MB"


WORDS: Mapping[str, Describe] = {NO_WORKER: _no_worker, CLOCK_OFF: _clock_off, DISK_LOW: _disk_low}
