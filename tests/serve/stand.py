"""The real supervisor over stand-in roles: `python -m tests.serve.stand '[[name, stage, grace_s, command…], …]'`."""

import json
import sys
import time

from app.serve.__main__ import main
from app.serve.roles import Role, Stage

ROLES = [
    Role(name, (sys.executable, *command), Stage[stage], grace_s)
    for name, stage, grace_s, *command in json.loads(sys.argv[1])
]


if __name__ == "__main__":
    started = time.monotonic()
    code = main(lambda _settings: ROLES, lambda _settings: "http://example.test/setup/once")
    print(f"took {time.monotonic() - started:.2f} s", flush=True)
    sys.exit(code)
