"""`python -m app.demo`: everything of one machine on a folder of its own, with a month of made-up data in it."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from datetime import timedelta
from pathlib import Path

from app.core.settings import Settings
from app.serve.__main__ import main as serve
from app.serve.prepare import migrated
from app.serve.roles import Role, Stage, roles_of
from app.serve.terminal import say
from app.simulator.platforms import KWAI_PATH

FOLDER = Path("demo")
FRESH_FOR = timedelta(hours=20)
LATENCY_MS = 80


def main() -> int:
    folder = Path(os.environ.setdefault("KALITRACK_DATA_DIR", str(FOLDER)))
    _start_anew_when_stale(folder)
    port = _free_port()
    platforms = f"http://127.0.0.1:{port}"
    os.environ.update(KWAI_EVENTS_URL=f"{platforms}{KWAI_PATH}", META_GRAPH_URL=platforms, KALITRACK_DEMO="1",
                      ALLOW_PRIVATE_TARGETS="1")  # fmt: skip
    simulator = Role.of(
        "platforms", Stage.VALKEY, sys.executable, "-m", "app.simulator", "--port", str(port),
        "--latency-ms", str(LATENCY_MS), "--counts-only",
    )  # fmt: skip
    shoppers = Role.of("shoppers", Stage.WORKERS, sys.executable, "-m", "app.demo.traffic")
    return serve(lambda settings: [simulator, *roles_of(settings), shoppers], prepare)


def prepare(settings: Settings) -> str:
    """Migrates and fills; names the link to sign in by."""
    from app import create_app  # here, so that a taken port is said without loading everything
    from app.core.runtime import runtime
    from app.demo.fill import fill
    from app.demo.pages import link
    from app.demo.webhooks import move_receivers

    migrated(settings)
    app = create_app(settings)
    started = time.monotonic()
    written = fill(app)
    with app.app_context():
        move_receivers(settings.meta_graph_url)
    runtime(app).engine.dispose()
    if written.events:
        took_s = time.monotonic() - started
        say(f"Wrote a month of {written.events:,} events and {written.opens:,} opens of mails in {took_s:.1f} s.")
    return f"Look around as any of its people: {link(settings)}"


def _start_anew_when_stale(folder: Path) -> None:
    """A month that ended yesterday would leave today's pages empty. Only a folder that a demo filled is removed."""
    note = folder / "demo.json"
    if note.exists() and time.time() - note.stat().st_mtime > FRESH_FOR.total_seconds():
        say("The demo is from another day; starting a new month.")
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
