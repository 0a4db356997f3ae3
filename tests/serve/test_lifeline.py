"""A child ends with its parent, on Linux by the kernel and elsewhere by a guard that looks."""

import os
import signal
import subprocess
import sys

import pytest

from app.core import lifeline
from tests.serve.conftest import STANDIN, is_running, wait_until

PARENT = f"""
import os, subprocess, sys, time
mode = sys.argv[1]
launcher = [sys.executable, {lifeline.__file__!r}, mode, str(os.getpid())]
child = subprocess.Popen([*launcher, sys.executable, {STANDIN!r}, 'obey', 'child'])
time.sleep(60)
"""
MODES = ["exec", "guard"] if sys.platform == "linux" else ["guard"]


@pytest.fixture(params=MODES)
def family(request):
    """A parent that started a child through the launcher; gives both ids."""
    with subprocess.Popen([sys.executable, "-c", PARENT, request.param], stdout=subprocess.PIPE, text=True) as parent:
        yield parent, int(parent.stdout.readline().split()[-1])
        parent.kill()


def test_a_child_ends_when_its_parent_is_killed(family):
    parent, child = family
    assert is_running(child)

    parent.kill()

    wait_until(lambda: not is_running(child))


def launch(mode, *command):
    return [sys.executable, lifeline.__file__, mode, str(os.getpid()), *command]


def test_a_guard_passes_signals_and_exit_codes_on():
    with subprocess.Popen(
        launch("guard", sys.executable, STANDIN, "obey", "x"), stdout=subprocess.PIPE, text=True
    ) as guard:
        guard.stdout.readline()
        guard.send_signal(signal.SIGTERM)
        assert (guard.stdout.readline(), guard.wait()) == ("x leaves\n", 0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("command", "code"), [((sys.executable, STANDIN, "fall", "x"), 3), (("/no/such/command",), 127)]
)
def test_the_exit_code_is_the_commands(mode, command, code):
    ended = subprocess.run(launch(mode, *command), capture_output=True, text=True)

    assert ended.returncode == code
    assert "Traceback" not in ended.stderr
