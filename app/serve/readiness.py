"""Says once that the product answers, and where."""

from __future__ import annotations

import http.client
import threading
import time

from app.core.settings import Settings
from app.serve.supervisor import Supervisor
from app.serve.terminal import say

ASK_EVERY_S = 0.1
SLOW_AFTER_S = 60.0
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  recognised, not bound


def announce(supervisor: Supervisor, settings: Settings, advice: str | None) -> None:
    """Prints the ready line (and what to do first) as soon as `/health/live` answers; asks from a thread of its own."""
    threading.Thread(target=_wait_and_say, args=(supervisor, settings, advice), daemon=True).start()


def _wait_and_say(supervisor: Supervisor, settings: Settings, advice: str | None) -> None:
    patient_until = time.monotonic() + SLOW_AFTER_S
    while not supervisor.is_stopping and not is_live(settings.host, settings.port):
        if time.monotonic() > patient_until:
            say(f"The web server has not answered for {SLOW_AFTER_S:g} s; still waiting.")
            patient_until += SLOW_AFTER_S
        time.sleep(ASK_EVERY_S)
    if supervisor.is_stopping:
        return
    supervisor.is_ready = True
    say(f"Kalitrack is ready: {settings.public_url} (stop with Ctrl-C)")
    if advice is not None:
        say(advice)


def is_live(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(ANY_ADDRESS.get(host, host), port, timeout=1)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
