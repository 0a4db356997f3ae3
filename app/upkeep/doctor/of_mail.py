"""Whether e-mail goes out: the mail server is greeted and signed in to, and gets no letter."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from flask_babel import gettext as _

from app.core import mail_server, smtp
from app.core.redaction import scrub
from app.core.runtime import Runtime
from app.upkeep.doctor.findings import Finding, ok, problem, warning

NAME = "mail"
SAID = 200


def check(state: Runtime) -> Iterator[Finding]:
    settings = state.settings
    if settings.smtp_url is None:
        yield warning(
            NAME,
            _("SMTP_URL is not set: e-mails wait in the outbox, and somebody has to pass them on."),
            _("Set SMTP_URL=smtp://user:password@host, or look at `flask outbox`."),
        )
        return
    server = mail_server.parse(settings.smtp_url)
    hello = mail_server.domain_of(urlsplit(settings.public_url).hostname or "localhost")
    reply = smtp.Client().check(server, hello, timeout_s=settings.outbound_timeout)
    if reply.ok:
        yield ok(NAME, _("Mail server %(host)s answers.", host=server.host))
        return
    said = reply.error or scrub(f"{reply.status} {' '.join(reply.text.split())}", SAID)
    yield problem(
        NAME,
        _("The mail server %(host)s cannot be used: %(reason)s.", host=server.host, reason=said.rstrip(".")),
        _("Check host, port, user and password in SMTP_URL, then restart."),
    )
