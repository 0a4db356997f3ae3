"""The words for what `watch` finds about pixels, each with its next step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from flask_babel import gettext as _
from flask_babel import ngettext

from app.attention.words import Describe, Facts, Step, Words
from app.core.i18n import date_text, number
from app.outbound.watch_words import target_steps

VERSION_EXPIRING, TOKEN_UNDECRYPTABLE = "version_expiring", "token_undecryptable"


def _token_undecryptable(subject: str, facts: Facts) -> Words:
    return Words(
        _("%(target)s: the stored token cannot be read", target=facts["target"]),
        _("It was encrypted with a key that is no longer among ENCRYPTION_KEYS. Nothing can be sent there."),
        _("Put the old key back on the server, or enter the token again."),
        target_steps(subject, {"kind": "conversion"}, _("Enter the token again")),
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
        steps = target_steps(facts["pixel"], {"kind": "conversion"}, _("Choose a newer version"))
    else:
        steps = (Step(_("See the pixels"), "pixels.index", "pixels.view", {"platform": "facebook"}),)
    return Words(title, text, _("Choose a newer version in the settings of the pixel."), steps)


WORDS: Mapping[str, Describe] = {VERSION_EXPIRING: _version_expiring, TOKEN_UNDECRYPTABLE: _token_undecryptable}
