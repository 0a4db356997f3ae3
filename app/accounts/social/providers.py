"""Who else can say who somebody is: the providers, what one tells of a person, and what goes wrong in words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any, Protocol, cast

from app.accounts.social.flow import Flow
from app.core.errors import N_
from app.core.exchange import Call, Json
from app.core.http import Client
from app.core.settings import Settings


class Provider(StrEnum):
    GOOGLE = "google"
    FACEBOOK = "facebook"

    @property
    def label(self) -> str:
        return self.value.capitalize()


ADAPTERS = {  # loaded when first used: to check signatures takes a tenth of a second to import
    Provider.GOOGLE: "app.accounts.social.google:Google",
    Provider.FACEBOOK: "app.accounts.social.facebook:Facebook",
}
AWAY = N_("%(provider)s does not answer. Try again later, or sign in with your password.")
NOT_PROVEN = N_("%(provider)s could not say who you are. Try again.")


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a provider says it has there. `subject` is its own id of them, which never changes; the address may, and
    counts for nothing unless the provider says that it is theirs."""

    provider: Provider
    subject: str
    email: str | None
    is_email_verified: bool
    name: str | None


class NotProven(Exception):
    """The provider does not answer, or what it says does not hold. `words` is a msgid with `%(provider)s` in it;
    `reason` is for the log and holds nothing that came from outside."""

    def __init__(self, reason: str, words: str = NOT_PROVEN) -> None:
        super().__init__(reason)
        self.reason = reason
        self.words = words


class Adapter(Protocol):
    """One provider. Both methods call it and raise NotProven: no transaction may be open."""

    def __init__(self, settings: Settings, client: Client) -> None: ...

    def address(self, flow: Flow) -> str:
        """Where the browser goes to say who it is."""

    def identify(self, flow: Flow, code: str) -> Identity:
        """Whom the code stands for that the browser came back with."""


def adapter_of(provider: Provider, settings: Settings, client: Client) -> Adapter:
    module, _colon, name = ADAPTERS[provider].partition(":")
    return cast(Adapter, getattr(import_module(module), name)(settings, client))


def configured(settings: Settings) -> tuple[Provider, ...]:
    """Those that have both an id and a secret of ours."""
    keys = {
        Provider.GOOGLE: (settings.google_client_id, settings.google_client_secret),
        Provider.FACEBOOK: (settings.facebook_app_id, settings.facebook_app_secret),
    }
    return tuple(provider for provider, (id_, secret) in keys.items() if id_ and secret)


def front_of(provider: Provider, settings: Settings) -> str:
    """The site on which people say who they are."""
    return settings.google_accounts_url if provider is Provider.GOOGLE else settings.facebook_dialog_url


def callback_of(provider: str, settings: Settings) -> str:
    """Where the provider sends people back to, letter by letter as it is registered there; never from a request."""
    return f"{settings.public_url}/login/{provider}/callback"


def ask(client: Client, call: Call) -> Json:
    """The object that a provider answers. Raises NotProven."""
    reply = client.send(call)
    if reply.status is None or reply.status >= 500:
        raise NotProven(f"no answer: {reply.error or reply.status}", AWAY)
    if not reply.ok:
        raise NotProven(f"refused: {reply.status}")
    return reply.json()


def text_of(found: Json, name: str, longest: int) -> str | None:
    """A member that is text, trimmed; None when it is blank, too long or something else."""
    value: Any = found.get(name)
    if not isinstance(value, str) or "\0" in value:
        return None
    value = value.strip()
    return value if 0 < len(value) <= longest else None
