"""Serves a reference on granian, as its documentation has it for WSGI (`granian --interface wsgi module:app`):
`… module:app port [blocking threads]`."""

from __future__ import annotations

import sys

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels


def main(target: str, port: str, threads: str | None = None) -> None:
    number = None if threads is None else int(threads)
    Granian(
        target, port=int(port), interface=Interfaces.WSGI, blocking_threads=number, log_level=LogLevels.error
    ).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
