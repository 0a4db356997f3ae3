"""What every app compiles anew, compiled once for a run and found by content: routes, templates, translations."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import FileSystemBytecodeCache
from werkzeug.routing import Rule

from app.core import catalog

Compile = Callable[[Rule, bool], Any]


@pytest.fixture(scope="session", autouse=True)
def _routes_compiled_once() -> Iterator[None]:
    """Each test starts an app of its own, and most of that start went into these functions. One is made from the text
    of its rule alone; it asks the rule's converters when it is called."""
    compile_builder: Compile = Rule._compile_builder
    made: dict[object, Any] = {}

    def builder(rule: Rule, append_unknown: bool = True) -> Any:
        if rule.defaults:
            return compile_builder(rule, append_unknown)
        key = (rule.rule, *rule._trace, append_unknown)
        if key not in made:
            made[key] = compile_builder(rule, append_unknown)
        return made[key]

    Rule._compile_builder = builder  # type: ignore[method-assign, assignment]
    yield
    Rule._compile_builder = compile_builder  # type: ignore[method-assign, assignment]


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
