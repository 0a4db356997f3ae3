"""What is wrong with the images in mails that are out, in a sentence each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Connection

from app.core import i18n
from app.core.periods import HOUR
from app.core.rollup import hour_of
from app.opens import figures
from app.opens.images import usage
from app.opens.images.usage import WEEK, Asked, Warnings
from app.opens.models import MissReason

NAMED = 3  # files by name


@dataclass(frozen=True, slots=True)
class Notice:
    """`more`: the files, most asked for first; `endpoint`: where to look, in which `part` of the page."""

    title: str
    text: str
    more: str = ""
    endpoint: str = "images.index"
    part: str = "images-warnings"


@dataclass(frozen=True, slots=True)
class Wrong:
    """`lost`: loads that could not be recorded at all."""

    images: Warnings
    lost: int


def wrong(connection: Connection, account_id: UUID, now: datetime, length: timedelta = WEEK) -> Wrong:
    """Of a period that ends now, whichever the page is about: it is about mails that are out."""
    seen = figures.misses(connection, account_id, hour_of(now) + HOUR - length, hour_of(now) + HOUR)
    lost = sum(hits for (reason, _file), hits in seen.items() if reason == MissReason.UNRECORDED)
    return Wrong(usage.warnings(connection, account_id, now, length), lost)


def notices(all_of_it: Wrong) -> list[Notice]:
    """The gravest first."""
    found = all_of_it.images
    kinds = (
        (
            found.unrendered,
            _("Ids left unrendered: %(loads)s", loads=_loads(_hits(found.unrendered))),
            _("The address still holds the variable itself, such as {{id}}: check it in your mail program."),
        ),
        (
            found.missing,
            _("Missing images: %(loads)s", loads=_loads(_hits(found.missing))),
            _("Mails ask for files that nobody uploaded; they show a transparent dot instead."),
        ),
        (
            found.without_id,
            _("Without an id: %(loads)s", loads=_loads(_hits(found.without_id))),
            _("Nobody can tell whose they are: the address needs id_fatura."),
        ),
        (
            found.unsigned,
            _("Without a valid signature: %(loads)s", loads=_loads(_hits(found.unsigned))),
            _("These images count signed links only."),
        ),
    )
    said = [Notice(title, text, _named(asked)) for asked, title, text in kinds if asked]
    return [_lost(all_of_it.lost), *said] if all_of_it.lost else said


def _lost(loads: int) -> Notice:
    return Notice(
        _("Not recorded: %(loads)s", loads=_loads(loads)),
        _("The database was away and the spool full; the images were shown all the same."),
        endpoint="attention.index",
        part="",
    )


def _hits(asked: Sequence[Asked]) -> int:
    return sum(one.hits for one in asked)


def _loads(hits: int) -> str:
    return str(ngettext("%(number)s load", "%(number)s loads", hits, number=i18n.number(hits)))


def _named(asked: Sequence[Asked]) -> str:
    known = [f"{one.file} ({i18n.number(one.hits)})" for one in asked if one.file]
    return ", ".join(known[:NAMED]) + ("…" if len(known) > NAMED else "")
