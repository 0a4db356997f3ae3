"""The words for what `watch` finds about the tags in mails, each with its next step."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import ngettext

from app.attention.words import Describe, Facts, Step, Words
from app.core.i18n import number

IDS_UNRENDERED, FILES_MISSING = "ids_unrendered", "image_files_missing"


def _ids_unrendered(_subject: str, facts: Facts) -> Words:
    return Words(
        _("Mails go out without the recipient's id"),
        _(
            "In the last 24 hours images were loaded at least %(hits)s times with the template's variable where the id "
            "should be, most of all %(file)s. Nobody knows who opened these mails.",
            hits=number(int(facts["hits"])),
            file=_file(facts),
        ),
        _("Correct the variable in the template of the mail: each tool writes it in its own way."),
        (Step(_("See the variable of each tool"), "images.index", "opens.view"),),
    )


def _files_missing(_subject: str, facts: Facts) -> Words:
    files = int(facts["files"])
    upload = Step(_("Upload this file"), "images.new", "images.edit", {"file": facts["file"]})
    return Words(
        ngettext("Mails ask for an image that is not there", "Mails ask for %(num)d images that are not there", files),
        _(
            "In the last 24 hours they were asked for at least %(hits)s times, most of all %(file)s. Readers see a "
            "transparent dot; the opens are counted all the same.",
            hits=number(int(facts["hits"])),
            file=_file(facts),
        ),
        _("Upload the image under this name, or correct the address in the mail."),
        ((upload,) if facts["can_upload"] else ()) + (Step(_("See the images"), "images.index", "opens.view"),),
    )


def _file(facts: Facts) -> str:
    return str(facts["file"] or _("several names"))


WORDS: Mapping[str, Describe] = {IDS_UNRENDERED: _ids_unrendered, FILES_MISSING: _files_missing}
