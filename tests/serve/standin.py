"""Stand-in processes: `standin.py <obey|ignore|fall|refuse> <name>`; `web` answers on HOST and PORT."""

import http.server
import os
import signal
import sys
import time

behaviour, name = sys.argv[1:]


def leave(_number, _frame):
    print(f"{name} leaves", flush=True)
    os._exit(0)


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


signal.signal(signal.SIGTERM, signal.SIG_IGN if behaviour == "ignore" else leave)
print(f"{name} is {os.getpid()}", flush=True)
if behaviour == "fall":
    sys.exit(3)
if behaviour == "refuse":
    sys.exit("PORT: wrong" and 2)
if name == "web":
    http.server.HTTPServer.allow_reuse_port = True
    http.server.HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Answer).serve_forever()
time.sleep(600)
