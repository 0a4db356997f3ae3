"""A worker process: `python worker.py deliver <n>`, `jobs` or `ticker`."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable

from flask import Flask

from app import create_app
from app.core import collector, logs
from app.core.runtime import runtime
from app.core.settings import SettingError
from app.work import deliver, jobs, ticker

USAGE = "usage: worker.py deliver <number> | jobs | ticker"


def main(arguments: list[str]) -> int:
    start: Callable[[Flask], None]
    match arguments:
        case ["deliver", number] if number.isdigit():
            name, start = f"deliver-{number}", lambda app: deliver.run(app, int(number))
        case ["jobs"]:
            name, start = "jobs", jobs.run
        case ["ticker"]:
            name, start = "ticker", ticker.run
        case _:
            print(USAGE, file=sys.stderr)
            return 64
    try:
        with collector.resting():
            app = create_app()
    except SettingError as error:
        print(error, flush=True)
        return 2
    logs.configure(runtime(app).settings, name)
    start(app)
    runtime(app).engine.dispose()
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # nothing is left to do, and taking the interpreter apart takes longer than the supervisor waits
