"""Accounts, people, sessions, API clients, audit."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Sign-in, the browser's guards, then each package with its pages, API, commands and menu. Needs the runtime; call
    it after `errors.register` and before the other features and `shell.init_app`. Imported here, and in the packages,
    so that the models alone need no web."""
    from app.accounts import (
        account,
        browser_guard,
        clients,
        confirming,
        identity,
        joining,
        profile,
        refreshing,
        second_factor,
        signed_in,
        social,
        team,
        trail,
    )
    from app.core import access, masking, menu, ratelimit

    for ground in (ratelimit, access, identity, masking, browser_guard, menu):
        ground.init_app(app)
    _sign_in(app)
    for part in (
        second_factor,  # the code after the password, and recovery codes
        social,  # Google and Facebook instead of a password
        confirming,  # who one is, said once more before what is sensitive
        refreshing,  # a program's next access token
        signed_in,  # one's own sessions and devices
        profile,  # one's own name, language, password, address
        joining,  # a company registers; lost passwords and new addresses, by letter
        team,  # the people of an account, and their invitations
        account,  # what holds for everybody in it
        clients,  # applications with a token, and the client-credentials grant
        trail,  # the audit read back
    ):
        part.init_app(app)


def _sign_in(app: Flask) -> None:
    """The door itself: set-up, sign-in and sign-out, access tokens for people."""
    from app.accounts import api, browser_guard, cli, pages
    from app.core import menu

    app.register_blueprint(pages.bp)
    browser_guard.register_api(app, api.bp)
    app.cli.add_command(cli.print_setup_link)
    app.cli.add_command(cli.reset_password)
    menu.menu(app).sign_out_endpoint = "accounts.logout"
