"""Where e-mail is handed in and whom it is from: SMTP_URL and MAIL_FROM, read and judged."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.headerregistry import Address
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

PORTS = {"smtps": 465, "smtp": 587}
RELAY_PORT = 25  # of a server that asks nobody who they are
NAME = "Kalitrack"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = rf"(?P<address>{_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)"
BARE = re.compile(_ADDRESS)
NAMED = re.compile(rf'"?(?P<name>[^<>"@]+?)"? ?<{_ADDRESS}>')


@dataclass(frozen=True, slots=True)
class MailServer:
    """`is_tls`: encrypted from the first byte (smtps). Else STARTTLS is used where it is offered, and `needs_tls` says
    that nothing is sent without it."""

    host: str
    port: int
    is_tls: bool
    user: str | None = None
    password: str = field(default="", repr=False)

    @property
    def needs_tls(self) -> bool:
        """A password does not cross a network readable."""
        return self.user is not None and not is_loopback(self.host)


def parse(url: str) -> MailServer:
    """Reads `smtp://[user:password@]host[:port]` or `smtps://…`; what is special in user and password is %-encoded.
    Raises ValueError in words that repeat nothing of it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(_SHAPE) from None
    if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(_SHAPE)
    if not all(letter.isalnum() or letter in ".-:_" for letter in parts.hostname) or port == 0:
        raise ValueError(_SHAPE)
    if bool(parts.username) != (parts.password is not None):
        raise ValueError("names a user without a password, or a password without a user")
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password or "")
    if not (f"{user or ''}{password}").isascii() or not f"{user or ''}{password}".isprintable():
        raise ValueError("has a user or password with other than plain ASCII characters")
    usual = RELAY_PORT if parts.scheme == "smtp" and user is None else PORTS[parts.scheme]
    return MailServer(parts.hostname, port or usual, parts.scheme == "smtps", user, password)


_SHAPE = "must be smtp://[user:password@]host[:port] or smtps://…, with @ : / in user and password as %40 %3A %2F"


def sender(mail_from: str | None, public_host: str) -> Address:
    """MAIL_FROM as `address` or `Name <address>`; without it `kalitrack@` the host. Raises ValueError in words."""
    if mail_from is None:
        return Address(NAME, "kalitrack", domain_of(public_host))
    found = BARE.fullmatch(mail_from) or NAMED.fullmatch(mail_from)
    if found is None or not mail_from.isprintable():
        raise ValueError("must be an e-mail address, or Name <address>")
    parts = found.groupdict(NAME)
    return Address(parts.get("name", NAME).strip(), addr_spec=parts["address"])


def domain_of(host: str) -> str:
    """A host as mail names it: an address in brackets (RFC 5321 §4.1.3)."""
    if not _is_ip(host):
        return host
    return f"[IPv6:{host}]" if ":" in host else f"[{host}]"


def is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_ip(host) and ip_address(host).is_loopback)


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
