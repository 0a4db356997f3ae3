"""`/api/auth/providers`: with whom the caller can sign in besides."""

from __future__ import annotations

from datetime import datetime

from app.accounts.models import User
from app.accounts.social import letters, service
from app.accounts.social.models import SocialLogin
from app.accounts.social.providers import Provider, configured
from app.core.access import current_actor
from app.core.api import Out, current, endpoint, resource_blueprint
from app.core.db import db, write
from app.core.errors import NotFound
from app.core.pagination import PageNumbers, PageOf
from app.core.runtime import runtime

bp = resource_blueprint("api_providers", __name__, "/auth/providers")


class ProviderOut(Out):
    """`available`: this service is set up for it. `email` is what the provider told when it was linked."""

    provider: Provider
    label: str
    available: bool
    linked: bool
    email: str | None
    linked_at: datetime | None

    @classmethod
    def of(cls, provider: Provider, login: SocialLogin | None) -> ProviderOut:
        return cls(
            provider=provider,
            label=provider.label,
            available=provider in configured(runtime().settings),
            linked=login is not None,
            email=login.email if login else None,
            linked_at=login.created_at if login else None,
        )


@bp.get("")
@endpoint(summary="List my sign-in providers", permission="profile.edit", answers={200: PageOf[ProviderOut]})
def index() -> PageOf[ProviderOut]:
    """Linking needs a browser: it happens on the page /profile/providers."""
    user_id = current().user_id
    assert user_id is not None  # only people carry the permission
    own = service.linked(db.session(), user_id)
    found = [ProviderOut.of(provider, own.get(provider)) for provider in Provider]
    numbers = PageNumbers(page=1, limit=len(found), total=len(found), pages=1)
    return PageOf[ProviderOut](data=found, pagination=numbers)


@bp.delete("/<provider>")
@endpoint(
    summary="Unlink a sign-in provider", permission="profile.edit", answers={204: None, 409: None}, confirmed=True
)
def unlink(provider: str) -> None:
    """409 when nothing would be left to sign in with."""
    if provider not in set(Provider):
        raise NotFound
    usable = configured(runtime().settings)
    news = letters.unlinked(db.session().get_one(User, current().user_id), Provider(provider))
    with write() as store:
        service.unlink(store, current_actor(), Provider(provider), usable, news)
