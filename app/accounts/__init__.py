"""Accounts, people, sessions, API clients, audit."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Sign-in, the browser's guards, pages, API, commands and menu. Needs the runtime; call it after `errors.register`
    and before the other features and `shell.init_app`. Imported here, so that the models alone need no web."""
    from flask_babel import lazy_gettext as _l

    from app.accounts import api, browser_guard, cli, identity, pages
    from app.accounts.clients import api as clients_api
    from app.accounts.clients import pages as clients_pages
    from app.accounts.joining import models as _joining  # noqa: F401 - until their pages import them
    from app.accounts.profile import pages as profile_pages
    from app.accounts.refreshing import api as refreshing_api
    from app.accounts.second_factor import models as _second  # noqa: F401
    from app.accounts.signed_in import api as sessions_api
    from app.accounts.signed_in import pages as sessions_pages
    from app.accounts.social import models as _social  # noqa: F401
    from app.accounts.team import models as _team  # noqa: F401
    from app.core import access, menu, ratelimit
    from app.outbound.limits import models as _limits  # noqa: F401
    from app.outbound.mail import models as _mail  # noqa: F401

    ratelimit.init_app(app)
    access.init_app(app)
    identity.init_app(app)
    browser_guard.init_app(app)
    app.register_blueprint(pages.bp)
    app.register_blueprint(clients_pages.bp)
    app.register_blueprint(profile_pages.bp)
    app.register_blueprint(sessions_pages.bp)
    for api_blueprint in (api.bp, clients_api.bp, refreshing_api.bp, sessions_api.bp):
        app.register_blueprint(api_blueprint)
        browser_guard.csrf.exempt(api_blueprint)  # bearer tokens only: no browser sends those by itself
    app.cli.add_command(cli.print_setup_link)
    app.cli.add_command(cli.reset_password)
    menu.init_app(app)
    menu.menu(app).sign_out_endpoint = "accounts.logout"
    menu.menu(app).profile.append(menu.MenuItem("system", _l("Profile"), "profile.show", "user", "profile.edit"))
    menu.add_to_menu(app, menu.MenuItem("system", _l("API clients"), "clients.index", "key", "clients.view", 30, "c"))
