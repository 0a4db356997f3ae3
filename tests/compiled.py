"""What every app compiles anew, compiled once for a run and found by content: templates, translations."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from jinja2 import FileSystemBytecodeCache

from app.core import catalog


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """For `app.jinja_env.bytecode_cache` of apps that `create_app` made; it compares the source's hash."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture(scope="session")
def compiled_translations(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], None]:
    """Puts the compiled catalogue into a data folder, under the name that the app gives it by its content."""
    folder = tmp_path_factory.mktemp("catalogue")
    catalog.compiled(catalog.PORTUGUESE, folder)

    def put(data_dir: Path) -> None:
        shutil.copytree(folder, data_dir, dirs_exist_ok=True)

    return put
