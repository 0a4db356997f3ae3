"""How the processes of a run share the tests: what stays together (`--dist loadgroup`), and what comes first."""

from __future__ import annotations

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]
from xdist.workermanage import WorkerController  # type: ignore[import-untyped]

WHOLE_FILES = ("tests/chaos/", "tests/browser/test_month.py")  # all tests of such a file may share one world
MORTAL, HOSTS = "the mortal PostgreSQL", "the site of nine hosts"
# What takes longest, longest first: begun last, it would leave one process at work and the others idle.
LONG = (
    MORTAL,
    "tests/chaos/test_tour.py",
    "tests/chaos/test_kill_points.py",
    HOSTS,
    "tests/chaos/test_stalled_worker.py",
    "tests/chaos/test_disk_full.py",
    "tests/test_bench.py",
    "tests/work/test_deliver.py",
    "tests/test_hostile_queries.py",
    "tests/test_contract.py",
    "tests/test_permissions.py",
    "tests/upkeep/test_backup.py",
    "tests/core/test_openapi.py",
    "tests/core/test_i18n.py",
    "tests/core/test_english.py",
    "tests/demo/",
    "tests/browser/test_month.py",
    "tests/browser/test_weight.py",
    "tests/browser/test_opens.py",
    "tests/browser/test_journey.py",
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """By name, since the marks that xdist has for this do not reach it with this pytest."""
    kinds = {"loadgroup": OneByOne, "loadfile": FileByFile}
    kind = kinds.get(config.getvalue("dist"))
    return kind(config, log) if kind else None


class FileByFile(LoadScopeScheduling):  # type: ignore[misc]
    """The tests of a file go to one process."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        for name in reversed(LONG):
            for scope in [scope for scope in self.workqueue if scope.startswith(name)][::-1]:
                self.workqueue.move_to_end(scope, last=False)
        super()._assign_work_unit(node)


class OneByOne(FileByFile):
    """Each test goes to whoever is free, but for those of `WHOLE_FILES`."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith("tests/hosts/"):
            return HOSTS
        if not nodeid.startswith(WHOLE_FILES):
            return nodeid
        file = super()._split_scope(nodeid)
        is_mortal = file.startswith("tests/chaos/") and "postgresql" in nodeid  # one process needs this server then
        return MORTAL if is_mortal else file
