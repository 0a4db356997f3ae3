"""The headers of one's own that a webhook keeps sealed, and what of them is shown."""

from __future__ import annotations

from typing import Any

from app.core.runtime import runtime
from app.core.vault import VaultError
from app.webhooks import header_rules, secrets
from app.webhooks.models import Webhook


def headers_shown(webhook: Webhook) -> dict[str, str]:
    """Its own headers, values as their ends; empty where the key they were written with is gone."""
    return shown_headers(headers_or_none(webhook) or {})


def shown_headers(headers: Any) -> dict[str, str]:
    return {name: header_rules.shown(value) for name, value in headers.items()}


def headers_or_none(webhook: Webhook) -> Any:
    try:
        return secrets.open_headers(runtime().vault, webhook.id, webhook.sealed_headers)
    except VaultError:
        return None
