"""URL rules that are ready at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]
_builders: dict[tuple[str, str, bool], Builder] = {}  # for all apps of a process: a builder knows nothing of one


class QuickRule(Rule):
    """A rule whose code to build its URL is compiled when a URL is wanted first. Werkzeug compiles that of every rule
    at start: nine tenths of the time that an app takes to be made, for rules of which a page links to thirty."""

    def _compile_builder(self, append_unknown: bool = True) -> Builder:
        compile_ = super()._compile_builder
        key = (self.rule, repr(self.defaults), append_unknown)

        def build(rule: QuickRule, /, **values: Any) -> tuple[str, str]:
            if key not in _builders:
                _builders[key] = compile_(append_unknown)
            return _builders[key](rule, **values)

        return build
