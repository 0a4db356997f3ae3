"""A Flask app with nothing in it but the shell and the error translator."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from sqlalchemy import create_engine

from app.core import errors, shell
from app.core.runtime import EXTENSION, Runtime
from app.core.settings import Settings
from app.core.vault import Vault
from app.core.writer import Writer

ROOT = Path(__file__).parents[2]


def small_app(data_dir: Path) -> Flask:
    app = Flask("small", root_path=str(ROOT / "app"), template_folder="../templates", static_folder="../static")
    settings = Settings.load({}, data_dir=data_dir)
    app.secret_key = settings.secret_key
    engine = create_engine("sqlite://")
    app.extensions[EXTENSION] = Runtime(settings, engine, Vault(settings.encryption_keys), Writer(engine))
    errors.register(app)
    shell.init_app(app)
    return app
