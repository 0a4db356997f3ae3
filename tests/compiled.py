"""What every app compiles anew, compiled once for a run and found by content: templates, translations."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from flask_babel import Domain
from jinja2 import FileSystemBytecodeCache

from app.core import catalog


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """For `app.jinja_env.bytecode_cache` of apps that `create_app` made; it compares the source's hash. All processes
    of a run share it: to compile all templates takes as long as a hundred tests."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "templates"
    folder.mkdir(mode=0o700, exist_ok=True)
    return FileSystemBytecodeCache(str(folder))


@pytest.fixture(scope="session")
def compiled_translations(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], None]:
    """Puts the compiled catalogue into a data folder, under the name that the app gives it by its content."""
    folder = tmp_path_factory.mktemp("catalogue")
    directory = catalog.compiled(catalog.PORTUGUESE, folder)
    (made,) = directory.rglob("*.mo")
    name = made.relative_to(folder)

    def put(data_dir: Path) -> None:
        target = data_dir / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made, target)

    return put


@pytest.fixture(scope="session")
def read_translations() -> Domain:
    """For `app.extensions["babel"].instance.domain_instance`: all apps of a process have one catalogue, and reading it
    takes longer than most requests."""
    return Domain()
