"""Signing in with Google or Facebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from app.accounts.social.providers import Provider


def init_app(app: Flask) -> None:
    """Pages, API, and what the pages of sign-in and confirmation show of it."""
    from flask_login import current_user

    from app.accounts.browser_guard import register_api
    from app.accounts.social import pages, service
    from app.accounts.social.linking import api as linking_api
    from app.accounts.social.linking import pages as linking_pages
    from app.accounts.social.providers import configured
    from app.core.db import db
    from app.core.runtime import runtime

    def sign_in_providers() -> tuple[Provider, ...]:
        return configured(runtime().settings)

    def linked_providers() -> list[Provider]:
        own = service.linked(db.session(), current_user.id)
        return [provider for provider in sign_in_providers() if provider in own]

    app.register_blueprint(pages.bp)
    app.register_blueprint(linking_pages.bp)
    register_api(app, linking_api.bp)
    app.jinja_env.globals.update(sign_in_providers=sign_in_providers, linked_providers=linked_providers)
