"""The files around the product say what the code says, and a bare machine gets one clear line."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from app.core.settings import Settings, variable_name
from app.serve.roles import GRACE_S, roles_of
from tests.serve.conftest import ROOT


def test_the_procfile_lists_the_supervisors_processes(settings):
    listed = re.findall(r"^(\w+): (.+)$", (ROOT / "Procfile").read_text(), re.MULTILINE)

    ours = [
        (role.name.split()[0], " ".join(role.command).replace(sys.executable, "python")) for role in roles_of(settings)
    ]

    assert listed == ours


def test_workers_counts_the_delivery_workers(settings):
    names = [role.name for role in roles_of(settings.model_copy(update={"workers": 3}))]

    assert names == ["web", "deliver 1", "deliver 2", "deliver 3", "jobs", "ticker"]


def test_all_graces_together_stay_under_ten_seconds():
    assert sum(GRACE_S.values()) < 10


def test_env_example_names_every_setting_and_changes_nothing():
    text = (ROOT / ".env.example").read_text()

    assert set(re.findall(r"^#([A-Z_]+)=", text, re.MULTILINE)) == set(map(variable_name, Settings.model_fields))
    assert not re.findall(r"^[^#\n]", text, re.MULTILINE)


@pytest.fixture
def bare(tmp_path):
    """Runs make on a machine with this one `python3` and nothing else of ours."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "make", "uname", "rm"):
        (tools / name).symlink_to(shutil.which(name))

    def make(target, python3=None, **environ):
        if python3 is not None:
            (tools / "python3").write_text(f"#!/bin/sh\n{python3}\n")
            (tools / "python3").chmod(0o755)
        command = ["make", "--no-print-directory", target]
        bare_environ = {"PATH": str(tools), **environ}
        return subprocess.run(command, cwd=tmp_path, env=bare_environ, capture_output=True, text=True, check=False)

    return make


OLD = 'case $1 in --version) echo "Python 3.9.6";; *) exit 1;; esac'
NO_PIP = "case $2 in *ensurepip*) exit 1;; esac"


@pytest.mark.parametrize(
    ("python3", "said"),
    [
        (None, "Kalitrack needs Python 3.11 or newer; found: none"),
        (OLD, "Kalitrack needs Python 3.11 or newer; found: Python 3.9.6"),
        (NO_PIP, "python3 cannot make a virtual environment; on Debian or Ubuntu: sudo apt install python3-venv"),
    ],
)
def test_an_unfit_python_is_one_clear_line(bare, python3, said):
    ended = bare("venv", python3)

    assert ended.returncode != 0
    assert ended.stderr.splitlines()[0] == said
    assert ended.stdout == ""


def test_without_a_browser_the_tests_stop_with_the_line_that_installs_it(bare):
    ended = bare("browser")

    assert ended.returncode != 0
    assert re.search(r"^No browser on the PATH: (sudo apt|brew) install chromium", ended.stderr)


def test_browser_0_leaves_those_tests_out_and_says_so(bare):
    ended = bare("browser", BROWSER="0")

    assert (ended.returncode, ended.stdout) == (0, "BROWSER=0: the tests in a browser are left out\n")


def test_the_ci_script_can_be_run():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert subprocess.run(["bash", "-n", str(ROOT / ".ci" / "run")], check=False).returncode == 0
