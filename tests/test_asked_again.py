"""What stumbles among others is asked again by itself; what keeps failing, or fails in numbers, fails the run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.asked_again import MOST

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("failing", "first", "asked_again", "second"),
    [(0, 0, None, None), (1, 0, 1, 1), (MOST, 0, MOST, 1), (MOST + 1, 1, MOST, 1)],
)
def test_a_failure_is_put_off_and_never_lost(
    tmp_path: Path, failing: int, first: int, asked_again: int | None, second: int | None
) -> None:
    again = tmp_path / "again"
    lines = [
        "import pytest",
        f"@pytest.mark.parametrize('n', range({failing + 1}))",
        "def test_n(n):",
        "  assert n == 0",
    ]
    (tmp_path / "test_some.py").write_text("\n".join(lines))

    def run(*arguments: object) -> int:
        options = ["-q", "-p", "tests.asked_again", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", tmp_path]
        words = [sys.executable, "-m", "pytest", "-c", "/dev/null", *options, *arguments]
        environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
        return subprocess.run([str(word) for word in words], cwd=tmp_path, env=environment, check=False).returncode

    assert run("--again", again, "test_some.py") == first
    assert (len(again.read_text().splitlines()) if again.exists() else None) == asked_again
    if second is not None:
        assert run(f"@{again}") == second
