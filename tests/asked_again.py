"""`--again FILE`: a test that stumbles in a crowd is asked again by itself, in a run of its own (`pytest @FILE`).

On a busy machine a whole product may not have started while a test was patient. Asked again at once, it would find the
same crowd. What stumbles counts as `rerun`, and is named with its words; only the run of its own decides.
"""

from __future__ import annotations

from pathlib import Path

import pytest

MOST = 20  # more of them are no accident


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--again", type=Path, help="write here what stumbled, instead of failing")


def pytest_configure(config: pytest.Config) -> None:
    file: Path | None = config.getoption("--again")
    if file is not None and not hasattr(config, "workerinput"):  # one of many processes: its parent is told
        file.unlink(missing_ok=True)
        config.pluginmanager.register(Stumbled(file), "stumbled")


class Stumbled:
    def __init__(self, file: Path) -> None:
        self._file = file
        self._words: dict[str, str] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Before the session counts it as failed."""
        if report.failed and len(self._words) < MOST:
            crash = getattr(report.longrepr, "reprcrash", None)
            self._words.setdefault(report.nodeid, f"{crash.path}:{crash.lineno}: {crash.message}" if crash else "")
            report.outcome = "rerun"  # type: ignore[assignment]

    def pytest_sessionfinish(self) -> None:
        if self._words:
            self._file.write_text("".join(f"{name}\n" for name in self._words), "utf-8")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._words:
            terminalreporter.section("stumbled, and asked again by themselves")
            for name, words in self._words.items():
                terminalreporter.line(f"{name}\n    {words[:2000]}")
