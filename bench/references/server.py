"""Serves a reference as its own documentation would, on the server that serves the product.

`python -m bench.references.server module:app port threads`: threads 0 leaves the server's default."""

from __future__ import annotations

import sys

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels


def main(target: str, port: str, threads: str) -> None:
    Granian(
        target,
        port=int(port),
        interface=Interfaces.WSGI,
        blocking_threads=int(threads) or None,
        log_level=LogLevels.error,
    ).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
