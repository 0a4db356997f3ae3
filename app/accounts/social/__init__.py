"""Signing in with Google or Facebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from app.accounts.social.providers import Provider


def init_app(app: Flask) -> None:
    """What the pages of sign-in and confirmation show of it."""
    from flask_login import current_user

    from app.accounts.social import service
    from app.accounts.social.providers import configured
    from app.core.db import db
    from app.core.runtime import runtime

    def sign_in_providers() -> tuple[Provider, ...]:
        return configured(runtime().settings)

    def linked_providers() -> list[Provider]:
        own = service.linked(db.session(), current_user.id)
        return [provider for provider in sign_in_providers() if provider in own]

    app.jinja_env.globals.update(sign_in_providers=sign_in_providers, linked_providers=linked_providers)
