"""The Kalitrack application."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from app.core.settings import Settings

ROOT = Path(__file__).parent.parent


def create_app(settings: Settings | None = None) -> Flask:
    """Builds the app. Starts no thread and touches neither database nor Valkey: that waits for the serving process."""
    # Features are imported here: `import app.core.…` alone (the supervisor) must stay light.
    from flask_migrate import Migrate
    from werkzeug.middleware.proxy_fix import ProxyFix

    from app import (
        accounts,
        alerts,
        attention,
        charts,
        contacts,
        deliveries,
        funnels,
        opens,
        outbound,
        pixels,
        reports,
        tracking,
        upkeep,
        webhooks,
    )
    from app.accounts import browser_guard, callers
    from app.core import db as database
    from app.core import errors, health, metrics, openapi, queue, shell
    from app.core.frontdoor import FrontDoor
    from app.core.jobs import api as job_api
    from app.core.jobs import pages as job_pages
    from app.core.routing import QuickRule
    from app.core.runtime import EXTENSION, Runtime
    from app.core.settings import Settings
    from app.core.valkey import redis_url
    from app.core.vault import Vault
    from app.core.writer import Writer

    settings = settings or Settings.load()
    app = Flask("app", root_path=str(ROOT / "app"), template_folder="../templates", static_folder="../static")
    app.url_rule_class = QuickRule
    app.config.update(SECRET_KEY=settings.secret_key, MAX_CONTENT_LENGTH=256 * 1024, MAX_FORM_PARTS=1000)
    app.url_map.merge_slashes = False  # its redirects would repeat any Host header
    engine = database.init_app(app, settings)
    writer = Writer(engine)
    app.extensions[EXTENSION] = Runtime(settings, engine, Vault(settings.encryption_keys), writer)
    queue.use(redis_url(settings))
    Migrate(app, database.db, directory=str(ROOT / "migrations"), render_as_batch=True, compare_type=True)
    errors.register(app)
    shell.init_app(app)
    charts.init_app(app)
    door = FrontDoor(settings.serves_tls, settings.web_threads, writer)
    for feature in (accounts, attention, deliveries, pixels, contacts, funnels, webhooks, alerts):
        feature.init_app(app)
    tracking.init_app(app, door)
    opens.init_app(app, door)
    reports.init_app(app)
    job_pages.init_app(app)
    if settings.demo:
        from app import demo

        demo.init_app(app)
    browser_guard.csrf.exempt(job_api.bp)  # bearer tokens only
    app.register_blueprint(health.bp)
    metrics.init_app(app)
    outbound.init_app()
    upkeep.init_app(app)
    openapi.register(app, settings.public_url, callers.callers_of)
    door.stand_before(app)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        door.trust(hops)
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
    return app
