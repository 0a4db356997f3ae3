"""Every action that is recorded has words, in both languages; nothing but age ends an entry."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from app.accounts.trail import words

APP = Path(__file__).parents[3] / "app"
NAME = re.compile(r"[a-z_]+\.[a-z_]+")
SOURCES = {path.relative_to(APP).as_posix(): path.read_text("utf-8") for path in sorted(APP.rglob("*.py"))}


def recorded(source: str) -> set[str]:
    """The actions that calls of `record(…, …, "thing.done")` name themselves."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    named = [call for call in calls if getattr(call.func, "attr", getattr(call.func, "id", "")).endswith("record")]
    texts = [arg.value for call in named for arg in call.args if isinstance(arg, ast.Constant)]
    return {text for text in texts if isinstance(text, str) and NAME.fullmatch(text)}


def test_every_recorded_action_has_words() -> None:
    found = set().union(*(recorded(source) for source in SOURCES.values() if "record(" in source))
    assert len(found) > 40
    assert found - set(words.ACTIONS) == set(), "say them in app/accounts/trail/words.py"


@pytest.mark.parametrize("action", words.ACTIONS)
def test_every_action_is_in_a_group(action: str) -> None:
    assert any(action.startswith(group) for group in words.GROUPS)


def test_no_code_changes_or_deletes_an_entry() -> None:
    touching = re.compile(r"(?:update|delete)\(\s*AuditEntry|AuditEntry\)?\.(?:update|delete)")
    assert [name for name, source in SOURCES.items() if touching.search(source)] == []
