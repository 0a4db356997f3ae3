"""The web app, for any WSGI server."""

from __future__ import annotations

import os

from app import create_app
from app.core import collector, logs
from app.core.runtime import runtime

with collector.resting():
    app = create_app()
_settings = runtime(app).settings
# a log file belongs to one process at a time
_name = "web" if _settings.web_processes == 1 else f"web-{os.getpid()}"
_is_command = os.environ.get("FLASK_RUN_FROM_CLI") == "true"  # `flask --app wsgi …`, beside the server
logs.configure(_settings, "command" if _is_command else _name)
