"""Runs every check, and says what they found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.runtime import runtime
from app.upkeep.doctor import of_database, of_machine, of_mail, of_settings, of_valkey, of_work
from app.upkeep.doctor.findings import Check, Finding, Level, problem

CHECKS: tuple[Check, ...] = (
    of_settings.check, of_database.check, of_valkey.check, of_machine.check, of_work.check, of_mail.check,
)  # fmt: skip
MARKS = {Level.OK: _l("ok"), Level.WARNING: _l("warning"), Level.PROBLEM: _l("PROBLEM")}


def look() -> Iterator[Finding]:
    """One check that fails does not keep the others from being made."""
    state = runtime()
    for check in CHECKS:
        try:
            yield from check(state)
        except Exception as error:
            name = check.__module__.rsplit("of_", 1)[1]
            yield problem(
                name,
                _("The checks of “%(name)s” could not be finished: %(error)s.", name=name, error=type(error).__name__),
                _("Run it again; if it stays, tell those who maintain Kalitrack."),
            )


def words_of(findings: Sequence[Finding]) -> Iterator[str]:
    """Lines for a terminal: the mark, the sentence, and below it what to do."""
    width = max(len(str(mark)) for mark in MARKS.values())
    for each in findings:
        yield f"{MARKS[each.level]!s:<{width}}  {each.text}"
        if each.advice:
            yield f"{'':<{width}}  → {each.advice}"
    counted = Counter(each.level for each in findings)
    yield _(
        "%(ok)s ok, %(warnings)s warnings, %(problems)s problems.",
        ok=counted[Level.OK], warnings=counted[Level.WARNING], problems=counted[Level.PROBLEM],
    )  # fmt: skip
