"""Settings that are allowed, and not wise."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask_babel import gettext as _

from app.core import clock
from app.core.runtime import Runtime
from app.core.settings import MIN_TOKEN_LENGTH, SAMPLE_TOKENS, Settings
from app.pixels.graph_versions import use_of
from app.upkeep.doctor.findings import Finding, ok, problem, warning

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  recognised, not bound


def check(state: Runtime) -> Iterator[Finding]:
    settings = state.settings
    found = [*_address(settings), *_openness(settings), *_tokens(settings)]
    yield from found
    if not found:
        yield ok("settings", _("Settings: %(url)s, %(env)s.", url=settings.public_url, env=settings.env))
    yield _graph_version(settings)


def _address(settings: Settings) -> Iterator[Finding]:
    if not settings.serves_tls and not _is_local(settings.public_url):
        yield problem(
            "public_url",
            _("PUBLIC_URL (%(url)s) is not https: passwords and sessions travel readable.", url=settings.public_url),
            _("Put a TLS proxy in front and set PUBLIC_URL=https://…"),
        )
    if settings.serves_tls and not settings.trusted_proxies:
        yield warning(
            "trusted_proxies",
            _("PUBLIC_URL is https and TRUSTED_PROXIES is 0: every visitor has the proxy's address."),
            _("Set TRUSTED_PROXIES to the number of proxies in front, usually 1."),
        )
    if settings.trusted_proxies and settings.host in EVERYWHERE:
        yield warning(
            "host",
            _("HOST listens on every address while a proxy is trusted: who comes past it may claim any address."),
            _("Set HOST=127.0.0.1, or let only the proxy reach the port."),
        )


def _openness(settings: Settings) -> Iterator[Finding]:
    if settings.env == "development":
        yield warning(
            "env",
            _("KALITRACK_ENV is development: sample tokens are accepted."),
            _("Unset KALITRACK_ENV where real events are sent."),
        )
    if settings.registration == "open" and settings.smtp_url is None:
        yield warning(
            "registration",
            _("REGISTRATION is open and nothing sends mail: whoever opens an account confirms any address themselves."),
            _("Set SMTP_URL, or REGISTRATION=closed."),
        )
    if settings.stats_public:
        yield warning(
            "stats_public",
            _("STATS_PUBLIC is 1: anybody can read who opened what."),
            _("Unset it, and give readers a client with stats:read."),
        )


def _tokens(settings: Settings) -> Iterator[Finding]:
    if settings.tracking_token in SAMPLE_TOKENS:
        yield problem(
            "tracking_token",
            _("TRACKING_TOKEN is a sample value from the documentation."),
            _("Set a secret one of 24 characters or more; clients need it too."),
        )
    if settings.internal_api_token and len(settings.internal_api_token) < MIN_TOKEN_LENGTH:
        yield warning(
            "internal_api_token",
            _("INTERNAL_API_TOKEN is short and could be guessed."),
            _("Set one of 24 characters or more."),
        )
    if settings.admin_password:
        yield warning(
            "admin_password",
            _("ADMIN_PASSWORD is still set, and is only used for the first start."),
            _("Remove it from the environment."),
        )


def _graph_version(settings: Settings) -> Finding:
    use = use_of(settings.meta_graph_version, clock.now().date(), is_default=True)
    name, advice = "graph_version", _("Set META_GRAPH_VERSION to a newer one.")
    if use.is_over:
        return problem(
            name, _("Meta's Graph API %(version)s ended on %(day)s.", version=use.version, day=str(use.end)), advice
        )
    if use.is_ending:
        return warning(
            name, _("Meta's Graph API %(version)s ends on %(day)s.", version=use.version, day=str(use.end)), advice
        )
    if use.end is None:
        return ok(name, _("Meta's Graph API %(version)s; its end is not known here.", version=use.version))
    return ok(name, _("Meta's Graph API %(version)s, until %(day)s.", version=use.version, day=str(use.end)))


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
