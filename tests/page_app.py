"""The shell with its gallery and nothing behind it, for tests of pages that need no database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

from flask import Flask
from flask_login import LoginManager
from flask_wtf import CSRFProtect
from werkzeug.serving import make_server

from app import charts
from app.core import access, masking, shell
from app.core.settings import Settings

ROOT = Path(__file__).parents[1]


def gallery_app(data_dir: Path) -> Flask:
    settings = Settings.load({}, data_dir=data_dir, env="development")
    app = Flask("app", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.config["SECRET_KEY"] = settings.secret_key
    app.extensions["kalitrack"] = SimpleNamespace(settings=settings)
    CSRFProtect(app)
    LoginManager(app).user_loader(lambda _id: None)
    access.init_app(app)
    masking.init_app(app)
    shell.init_app(app)
    charts.init_app(app)
    return app


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The app on a free loopback port."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)  # so often it looks for its end
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
