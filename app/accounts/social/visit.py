"""The calls of one visit to a provider, by the one HTTP client."""

from __future__ import annotations

import logging
from functools import cache
from urllib.parse import quote

from app.accounts.social.flow import Flow, Purpose
from app.accounts.social.providers import Adapter, Identity, NotProven, Provider, adapter_of
from app.core.http import Client
from app.core.settings import Settings

log = logging.getLogger(__name__)
LONGEST_CODE = 2048


def address(settings: Settings, begun: Flow) -> str:
    """Where the browser goes. May call the provider; raises NotProven."""
    return _adapter(settings, begun).address(begun)


def identify(settings: Settings, ended: Flow, code: str) -> Identity:
    """Whom the browser came back as. Calls the provider; raises NotProven."""
    if not 0 < len(code) <= LONGEST_CODE:
        raise NotProven("odd code")
    return _adapter(settings, ended).identify(ended, code)


def log_failure(provider: str, error: NotProven) -> None:
    log.warning("sign-in with %s failed: %s", provider, error.reason)


def with_next(path: str, ended: Flow) -> str:
    """The page to say it on, which still knows where the person wanted to go."""
    return path if ended.purpose == Purpose.LINK else f"{path}?next={quote(ended.target, safe='/')}"


def _adapter(settings: Settings, flow: Flow) -> Adapter:
    return adapter_of(Provider(flow.provider), settings, _client(settings.outbound_timeout))


@cache  # made when first needed, in the process that serves: to read the roots of TLS takes longer than most calls
def _client(timeout_s: float) -> Client:
    return Client(timeout_s=timeout_s, pool_size=8)
