"""The calls of one visit to a provider, by the one HTTP client."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from app.accounts.social.flow import Flow, Purpose
from app.accounts.social.providers import Adapter, Identity, NotProven, Provider, adapter_of
from app.core.http import Client
from app.core.settings import Settings

log = logging.getLogger(__name__)
LONGEST_CODE = 2048


def address(settings: Settings, begun: Flow) -> str:
    """Where the browser goes. May call the provider; raises NotProven."""
    with _adapter(settings, begun) as adapter:
        return adapter.address(begun)


def identify(settings: Settings, ended: Flow, code: str) -> Identity:
    """Whom the browser came back as. Calls the provider; raises NotProven."""
    if not 0 < len(code) <= LONGEST_CODE:
        raise NotProven("odd code")
    with _adapter(settings, ended) as adapter:
        return adapter.identify(ended, code)


def log_failure(provider: str, error: NotProven) -> None:
    log.warning("sign-in with %s failed: %s", provider, error.reason)


def with_next(path: str, ended: Flow) -> str:
    """The page to say it on, which still knows where the person wanted to go."""
    return path if ended.purpose == Purpose.LINK else f"{path}?next={quote(ended.target, safe='/')}"


@contextmanager
def _adapter(settings: Settings, flow: Flow) -> Iterator[Adapter]:
    client = Client(timeout_s=settings.outbound_timeout, pool_size=1)
    try:
        yield adapter_of(Provider(flow.provider), settings, client)
    finally:
        client.close()
