"""`python -m app.simulator --port 5010 [--latency-ms 50]`: the platforms on loopback, until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from app.simulator.simulator import Simulator


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m app.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=5010)
    parser.add_argument("--latency-ms", type=float, default=0, help="how long every answer takes")
    parser.add_argument("--counts-only", action="store_true", help="keep no bodies")
    parser.add_argument("--child", action="store_true", help="end when standard input closes")
    asked = parser.parse_args(arguments)
    try:
        simulator = Simulator(
            host=asked.host, port=asked.port, latency_ms=asked.latency_ms, keep_bodies=not asked.counts_only
        )
    except (OSError, OverflowError, ValueError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with simulator:
        print(" ".join(f"{name}={value}" for name, value in simulator.environment.items()), flush=True)
        if asked.child:
            threading.Thread(target=_wait_for_parent, args=(stop,), daemon=True).start()
        stop.wait()
    return 0


def _wait_for_parent(stop: threading.Event) -> None:
    sys.stdin.read()
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
