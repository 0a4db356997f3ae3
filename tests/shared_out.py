"""Which tests stay together when the processes of a run share them one by one (`--dist loadgroup`)."""

from __future__ import annotations

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

WHOLE_FILES = ("tests/chaos/", "tests/browser/test_month.py")  # all tests of such a file may share one world


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """By name, since the marks that xdist has for this do not reach it with this pytest."""
    return OneByOne(config, log) if config.getvalue("dist") == "loadgroup" else None


class OneByOne(LoadScopeScheduling):  # type: ignore[misc]
    """Each test goes to whoever is free, but for those of `WHOLE_FILES`."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith("tests/hosts/"):
            return "the site of nine hosts"
        if not nodeid.startswith(WHOLE_FILES):
            return nodeid
        file = nodeid.partition("::")[0]
        is_mortal = file.startswith("tests/chaos/") and "postgresql" in nodeid  # one process needs this server then
        return "the mortal PostgreSQL" if is_mortal else file
