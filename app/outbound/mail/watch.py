"""What needs a person about letters: that some wait, and nothing sends them."""

from __future__ import annotations

from collections.abc import Iterator

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, select

from app.attention.checks import Found, Look, Severity, register
from app.attention.words import Facts, Step, Words, describe
from app.core.i18n import number
from app.outbound.mail.ledger import IS_KEPT
from app.outbound.mail.models import MailMessage

MAIL_WAITS = "mail_waits"


def watch() -> None:
    register("mail", [MAIL_WAITS], check)
    describe({MAIL_WAITS: _words})


def check(look: Look) -> Iterator[Found]:
    """With a mail server, what holds letters up is told of that."""
    if look.state.settings.smtp_url is not None:
        return
    waiting = select(MailMessage.account_id, func.count()).where(IS_KEPT, MailMessage.expires_at > look.now)
    for account_id, count in look.connection.execute(waiting.group_by(MailMessage.account_id)):
        yield Found(account_id, MAIL_WAITS, "", Severity.WARNING, {"number": count})


def _words(_subject: str, facts: Facts) -> Words:
    count = int(facts["number"])
    return Words(
        ngettext("%(number)s e-mail waits", "%(number)s e-mails wait", count, number=number(count)),
        _("No mail server is set, so that nothing sends them."),
        _("Pass their links on by hand, or have SMTP_URL set by whoever runs this server."),
        (Step(_("Open the outbox"), "outbox.index", "outbox.view"),),
    )
