"""The stop callbacks: once, all of them, in time."""

import subprocess
import sys

import pytest

from tests.serve.conftest import ROOT

# In a process of its own, since a process stops only once.
START = "import os, signal, time\nfrom app.core import stopping\nsay = lambda word: print(word, flush=True)\n"
IGNORED = "signal.signal(signal.SIGTERM, lambda *_: None)\n"
WATCH = f"stopping.stop_on_signals()\n{IGNORED}stopping.on_stop(lambda: say('told'))\n"
KILL = "os.kill(os.getpid(), signal.SIGTERM); time.sleep(0.3)\n"
WAIT = "say(stopping.wait_for_stop({}))\n"
FORK = f"child = os.fork()\nif child == 0:\n    {KILL}    os._exit(0)\n"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("stopping.on_stop(lambda: say('told')); stopping.stop(); stopping.stop()", ["told"]),
        ("stopping.stop(); stopping.on_stop(lambda: say('late'))", ["late"]),
        ("stopping.on_stop(lambda: 1 / 0); stopping.on_stop(lambda: say('second')); stopping.stop()", ["second"]),
        ("say(stopping.is_stopping()); stopping.stop(); say(stopping.is_stopping())", ["False", "True"]),
        (f"{WATCH}{KILL}{KILL}", ["told"]),
        (f"{WATCH}{FORK}os.waitpid(child, 0)\nsay('parent works on')", ["parent works on"]),
        (f"stopping.take_stop_signals()\n{WAIT.format(0.01)}{KILL}{WAIT.format(9)}", ["False", "True"]),
    ],
    ids=["once", "at once when late", "after a bad one", "is_stopping", "signal", "not on a child's signal", "waiting"],
)  # fmt: skip
def test_stop_callbacks(script, said):
    ended = subprocess.run([sys.executable, "-c", START + script], cwd=ROOT, capture_output=True, text=True)

    assert ended.stdout.split("\n")[:-1] == said
