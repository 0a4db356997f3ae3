"""The second factor: codes of an authenticator app, and recovery codes."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.accounts.browser_guard import register_api
    from app.accounts.second_factor import api, cli, pages
    from app.core import access

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
    app.cli.add_command(cli.remove_second_factor)
    if pages.to_set_up not in access.on_enter:
        access.on_enter.append(pages.to_set_up)
