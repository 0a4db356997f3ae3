"""Opens that could not be kept: what the route counts when both the database and the spool fail it, for Attention."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, select

from app.accounts.models import Account
from app.attention.checks import Found, Look, Severity, register
from app.attention.words import Describe, Facts, Step, Words, describe
from app.core.i18n import number
from app.core.rollup import hour_of
from app.opens.models import MissReason, OpenMissHour

OPENS_LOST = "opens_lost"
LATELY = timedelta(hours=24)


def watch() -> None:
    register("opens_lost", WORDS, check)
    describe(WORDS)


def check(look: Look) -> Iterator[Found]:
    """From the hours of the last day: by account, which the key of the counters begins with."""
    found = (
        select(OpenMissHour.account_id, func.sum(OpenMissHour.hits))
        .where(OpenMissHour.account_id.in_(select(Account.id)), OpenMissHour.hour >= hour_of(look.now - LATELY))
        .where(OpenMissHour.reason == MissReason.UNRECORDED)
        .group_by(OpenMissHour.account_id)
    )
    for account_id, hits in look.connection.execute(found):
        yield Found(account_id, OPENS_LOST, "", Severity.DANGER, {"hits": int(hits)})


def _lost(_subject: str, facts: Facts) -> Words:
    return Words(
        _("Opens were lost"),
        ngettext(
            "%(number)s load of an image could not be recorded in the last 24 hours.",
            "%(number)s loads of images could not be recorded in the last 24 hours.",
            facts["hits"],
            number=number(facts["hits"]),
        )
        + " "
        + _("The database was away and the spool full."),
        _("The images were shown all the same. Look at the database and at the free disk space of the server."),
        (Step(_("See the opens"), "opens.overview", "opens.view"),),
    )


WORDS: Mapping[str, Describe] = {OPENS_LOST: _lost}
