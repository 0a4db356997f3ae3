"""The web server's main process: granian with our limits. `python -m app.serve.web`."""

from __future__ import annotations

import resource
import signal
import sys
from contextlib import suppress
from functools import partial

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from app.core.settings import SettingError, Settings
from app.serve import web_worker
from app.serve.locks import numeric_address

BACKLOG = 2048
CONNECTIONS = 8192  # open connections a process accepts; idle ones cost no thread
OPEN_FILES = CONNECTIONS + 1024
STOPS_WITHIN_S = 1.8  # requests still running then are cut; a half-sent one would hold the server for ever


def serve(settings: Settings, target: str = "wsgi:app") -> int:
    """Serves until SIGTERM. Returns the exit code: 2 when a worker found a setting wrong."""
    _raise_open_files()
    server = Granian(
        target,
        address=numeric_address(settings.host),
        port=settings.port,
        interface=Interfaces.RSGI,
        workers=settings.web_processes,
        backlog=BACKLOG,
        backpressure=CONNECTIONS,
        http=HTTPModes.http1,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOPS_WITHIN_S,  # type: ignore[arg-type]  # whole seconds only by its annotation
        log_level=LogLevels.error,
    )
    exit_codes: list[int] = []

    def wrong_setting(*_: object) -> None:
        exit_codes.append(web_worker.WRONG_SETTING)
        server.signal_handler_interrupt()  # type: ignore[no-untyped-call]

    signal.signal(web_worker.WRONG_SETTING_SIGNAL, wrong_setting)
    try:
        server.serve(target_loader=partial(web_worker.load, threads=settings.web_threads))  # type: ignore[arg-type]
    except SystemExit as ended:
        exit_codes.append(ended.code if isinstance(ended.code, int) else 1)
    return exit_codes[0] if exit_codes else 0


def _raise_open_files() -> None:
    """Many systems allow 1,024 open files by default, and each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main() -> int:
    try:
        return serve(Settings.load())
    except SettingError as error:
        print(error, flush=True)
        return web_worker.WRONG_SETTING


if __name__ == "__main__":
    sys.exit(main())
