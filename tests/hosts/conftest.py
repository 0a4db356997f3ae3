"""One site for all tests of a run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.hosts.site import Site, site

LONG = os.environ.get("HOSTS") == "long"  # `make hosts`


@pytest.fixture(scope="session")
def hosts() -> Iterator[Site]:
    with site() as started:
        yield started


@pytest.fixture(scope="session")
def tell(pytestconfig: pytest.Config) -> Callable[[object], None]:
    """Prints a line where people see it, also without `-s`, and out of one of several processes of a run."""
    capture: Any = pytestconfig.pluginmanager.getplugin("capturemanager")

    def line(text: object) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n{text}", end="", file=sys.stderr, flush=True)

    return line


@pytest.fixture(scope="session")
def admin(hosts: Site) -> str:
    """An access token made by web 1."""
    return hosts.sign_in(hosts.webs[0])
