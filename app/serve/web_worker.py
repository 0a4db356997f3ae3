"""What a web worker does before it serves: ties its life to its parent's, hears the stop signal, loads the app."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable

from app.core import collector, lifeline, stopping
from app.core.settings import SettingError
from app.opens import REPLAYER
from app.serve.reception.reception import Reception

WRONG_SETTING = 2
WRONG_SETTING_SIGNAL = signal.SIGUSR1  # the server hides its workers' exit codes
WsgiApp = Callable[..., Iterable[bytes]]


def load(target: str, threads: int) -> Reception:
    """The WSGI app at `module:name` behind our reception, in granian's worker process and its main thread (granian
    calls it before serving)."""
    parent = multiprocessing.parent_process()
    lifeline.die_with_parent(parent.pid if parent else None)
    for number in stopping.STOP_SIGNALS:  # the server's own handlers, inherited by fork, would do nothing here
        signal.signal(number, signal.SIG_DFL)
    try:
        app = _imported(target)
        reception = Reception(app, threads)
        collector.spare()
        if (replayer := getattr(app, "extensions", {}).get(REPLAYER)) is not None:
            replayer.start()  # what a killed process left in the spool, also on a host without a ticker
        return reception
    except SettingError as error:
        print(error, flush=True)
        os.kill(os.getppid(), WRONG_SETTING_SIGNAL)
        sys.exit(WRONG_SETTING)


def _imported(target: str) -> WsgiApp:
    module, _, name = target.partition(":")
    app: WsgiApp = getattr(importlib.import_module(module), name)
    return app
