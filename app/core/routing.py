"""URL rules that are ready at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.routing import BaseConverter, Rule
from werkzeug.routing.rules import RulePart

Builder = Callable[..., tuple[str, str]]
Parsed = tuple[list[RulePart], list[tuple[bool, str]], dict[str, BaseConverter]]  # parts, trace, converters
_builders: dict[tuple[str, str, bool], Builder] = {}  # for all apps of a process: a builder knows nothing of one
_parsed: dict[str, Parsed] = {}  # for all apps, too: their converters are the same


class QuickRule(Rule):
    """A rule whose code to build its URL is compiled when a URL is wanted first. Werkzeug compiles that of every rule
    at start: nine tenths of the time that an app takes to be made, for rules of which a page links to thirty. What a
    rule says is read once for all apps of a process, which is half of the rest."""

    def _parse_rule(self, rule: str) -> Iterable[RulePart]:
        if rule not in _parsed:
            before = len(self._trace)
            parts = list(super()._parse_rule(rule))
            _parsed[rule] = (parts, self._trace[before:], dict(self._converters))
            return parts
        parts, trace, converters = _parsed[rule]
        self._trace += trace
        self._converters |= converters
        self.arguments |= converters.keys()
        return parts

    def _compile_builder(self, append_unknown: bool = True) -> Builder:
        compile_ = super()._compile_builder
        key = (self.rule, repr(self.defaults), append_unknown)

        def build(rule: QuickRule, /, **values: Any) -> tuple[str, str]:
            if key not in _builders:
                _builders[key] = compile_(append_unknown)
            return _builders[key](rule, **values)

        return build
