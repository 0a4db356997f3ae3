"""Accounts, people, sessions, API clients, audit."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Sign-in, the browser's guards, pages, API, commands and menu. Needs the runtime; call it after `errors.register`
    and before the other features and `shell.init_app`. Imported here, so that the models alone need no web."""
    from flask_babel import lazy_gettext as _l

    from app.accounts import account, api, browser_guard, cli, identity, pages, social, team, trail
    from app.accounts.clients import api as clients_api
    from app.accounts.clients import granting
    from app.accounts.clients import pages as clients_pages
    from app.accounts.confirming import api as confirming_api
    from app.accounts.confirming import pages as confirming_pages
    from app.accounts.joining import api as joining_api
    from app.accounts.joining import pages as joining_pages
    from app.accounts.joining.recovery import pages as recovery_pages
    from app.accounts.profile import api as profile_api
    from app.accounts.profile import pages as profile_pages
    from app.accounts.refreshing import api as refreshing_api
    from app.accounts.second_factor import api as second_factor_api
    from app.accounts.second_factor import cli as second_factor_cli
    from app.accounts.second_factor import pages as second_factor_pages
    from app.accounts.signed_in import api as sessions_api
    from app.accounts.signed_in import pages as sessions_pages
    from app.accounts.social import pages as social_pages
    from app.accounts.social.linking import api as providers_api
    from app.accounts.social.linking import pages as providers_pages
    from app.core import access, masking, menu, ratelimit

    ratelimit.init_app(app)
    access.init_app(app)
    identity.init_app(app)
    masking.init_app(app)
    browser_guard.init_app(app)
    app.register_blueprint(pages.bp)
    app.register_blueprint(clients_pages.bp)
    app.register_blueprint(joining_pages.bp)
    app.register_blueprint(recovery_pages.bp)
    app.register_blueprint(profile_pages.bp)
    app.register_blueprint(second_factor_pages.bp)
    app.register_blueprint(confirming_pages.bp)
    app.register_blueprint(sessions_pages.bp)
    app.register_blueprint(social_pages.bp)
    app.register_blueprint(providers_pages.bp)
    social.init_app(app)
    person_apis = (
        api.bp,
        confirming_api.bp,
        refreshing_api.bp,
        second_factor_api.bp,
        sessions_api.bp,
        providers_api.bp,
    )
    for api_blueprint in (*person_apis, joining_api.bp, profile_api.bp, clients_api.bp):
        app.register_blueprint(api_blueprint)
        browser_guard.csrf.exempt(api_blueprint)  # bearer tokens only: no browser sends those by itself
    if second_factor_pages.to_set_up not in access.on_enter:
        access.on_enter.append(second_factor_pages.to_set_up)
    app.cli.add_command(cli.print_setup_link)
    app.cli.add_command(cli.reset_password)
    app.cli.add_command(second_factor_cli.remove_second_factor)
    menu.init_app(app)
    menu.menu(app).sign_out_endpoint = "accounts.logout"
    menu.menu(app).profile.append(menu.MenuItem("system", _l("Profile"), "profile.show", "user", "profile.edit"))
    granting.init_app(app)
    trail.init_app(app)
    team.init_app(app)
    account.init_app(app)
    menu.add_to_menu(app, menu.MenuItem("system", _l("API clients"), "clients.index", "key", "clients.view", 30, "c"))
