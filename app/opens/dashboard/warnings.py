"""What is wrong with the images in mails that are out, in a sentence each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from app.core import i18n
from app.opens.images.usage import Asked, Warnings

NAMED = 3  # files by name


@dataclass(frozen=True, slots=True)
class Notice:
    """`more`: the files, most asked for first."""

    title: str
    text: str
    more: str


def notices(found: Warnings) -> list[Notice]:
    """The gravest first."""
    kinds = (
        (
            found.unrendered,
            _("Ids left unrendered: %(loads)s loads", loads=_loads(found.unrendered)),
            _("The address still holds the variable itself, such as {{id}}: check it in your mail program."),
        ),
        (
            found.missing,
            _("Missing images: %(loads)s loads", loads=_loads(found.missing)),
            _("Mails ask for files that nobody uploaded; they show a transparent dot instead."),
        ),
        (
            found.without_id,
            _("Without an id: %(loads)s loads", loads=_loads(found.without_id)),
            _("Nobody can tell whose they are: the address needs id_fatura."),
        ),
        (
            found.unsigned,
            _("Without a valid signature: %(loads)s loads", loads=_loads(found.unsigned)),
            _("These images count signed links only."),
        ),
    )
    return [Notice(title, text, _named(asked)) for asked, title, text in kinds if asked]


def _loads(asked: Sequence[Asked]) -> str:
    return i18n.number(sum(one.hits for one in asked))


def _named(asked: Sequence[Asked]) -> str:
    known = [f"{one.file} ({i18n.number(one.hits)})" for one in asked if one.file]
    return ", ".join(known[:NAMED]) + ("…" if len(known) > NAMED else "")
