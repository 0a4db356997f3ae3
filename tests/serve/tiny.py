"""A WSGI app whose `/wait` answers 202 when the process is asked to stop; served by the real web server."""

import os
import sys
import threading

from app.core import stopping

_told = threading.Event()
stopping.on_stop(_told.set)


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/wait":
        status = "202 Accepted" if _told.wait(20) else "504 Gateway Timeout"
    elif path == "/hang":
        threading.Event().wait(20)
        status = "500 Internal Server Error"
    else:
        status = "200 OK"
    start_response(status, [("Content-Type", "text/plain")])
    if path == "/large":
        return (bytes([number]) * 100_000 for number in range(50))
    return [str(os.getpid()).encode()]


if __name__ == "__main__":
    from app.core.settings import Settings
    from app.serve import web

    sys.exit(web.serve(Settings.load(), sys.argv[1] if len(sys.argv) > 1 else "tests.serve.tiny:app"))
