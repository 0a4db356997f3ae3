"""The Kalitrack application."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask_migrate import Migrate

import app.accounts.models
import app.core.models
import app.outbound.models
import app.pixels.models
import app.tracking.models  # noqa: F401  # the tables, for migrations
from app.core import db as database
from app.core.runtime import EXTENSION, Runtime
from app.core.settings import Settings
from app.core.vault import Vault

ROOT = Path(__file__).parent.parent


def create_app(settings: Settings | None = None) -> Flask:
    """Builds the app. Starts no thread and touches neither database nor Valkey: that waits for the serving process."""
    settings = settings or Settings.load()
    app = Flask("app", root_path=str(ROOT / "app"), template_folder="../templates", static_folder="../static")
    app.config.update(SECRET_KEY=settings.secret_key, MAX_CONTENT_LENGTH=256 * 1024)
    engine = database.init_app(app, settings)
    app.extensions[EXTENSION] = Runtime(settings, engine, Vault(settings.encryption_keys))
    Migrate(app, database.db, directory=str(ROOT / "migrations"), render_as_batch=True, compare_type=True)
    return app
