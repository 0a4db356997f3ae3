"""What each app of a process would make again and come to the same: its map of addresses, the SQL of its statements."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.util import LRUCache
from werkzeug.routing import Map, Rule, RuleFactory

STATEMENTS = 5000


class SharedMap(Map):
    """A map that reads its rules when an address is wanted first, and once for all apps that have the same ones."""

    _read: ClassVar[dict[Any, Map]] = {}

    def __init__(self, **options: Any) -> None:
        self._waiting: list[Rule] = []
        self._own: Map | None = None
        self._merge_slashes = True
        super().__init__(**options)

    @property
    def merge_slashes(self) -> bool:
        return self._merge_slashes

    @merge_slashes.setter
    def merge_slashes(self, value: bool) -> None:
        self._merge_slashes = value
        self._own = None

    def add(self, rulefactory: RuleFactory) -> None:
        self._waiting.extend(rulefactory.get_rules(self))
        self._own = None

    def update(self) -> None:
        """The map that was read is in order."""

    @property
    def _matcher(self) -> Any:
        return self._same._matcher

    @_matcher.setter
    def _matcher(self, value: Any) -> None:
        """The one that werkzeug makes for an empty map is not wanted."""

    @property
    def _rules_by_endpoint(self) -> Any:
        return self._same._rules_by_endpoint

    @_rules_by_endpoint.setter
    def _rules_by_endpoint(self, value: Any) -> None:
        """The one that werkzeug makes for an empty map is not wanted."""

    @property
    def _same(self) -> Map:
        if self._own is None:
            merges, hosts, converters = self.merge_slashes, self.host_matching, self.converters
            key = (merges, hosts, frozenset(converters.items()), tuple(map(_said, self._waiting)))
            if key not in self._read:
                rules = [copy.copy(rule) for rule in self._waiting]
                self._read[key] = Map(rules, merge_slashes=merges, host_matching=hosts, converters=converters)
                self._read[key].update()
            self._own = self._read[key]
        return self._own


def _said(rule: Rule) -> tuple[Any, ...]:
    """Everything that was said of a rule: rules that agree in it are the same."""
    methods = None if rule.methods is None else frozenset(rule.methods)
    flags = (rule.strict_slashes, rule.merge_slashes, rule.build_only, rule.alias, rule.websocket)
    told = (
        rule.subdomain,
        rule.host,
        repr(rule.defaults),
        rule.redirect_to,
        vars(rule).get("provide_automatic_options"),
    )
    return (type(rule), rule.rule, rule.endpoint, methods, *flags, *told)


class SharedStatements:
    """The compiled SQL of all engines of one kind; SQLAlchemy keeps it by the engine's own dialect object."""

    _compiled: ClassVar[LRUCache[Any, Any]] = LRUCache(STATEMENTS)

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        return self._compiled.get((type(key[0]), *key[1:]), default)

    def __setitem__(self, key: tuple[Any, ...], value: Any) -> None:
        self._compiled[(type(key[0]), *key[1:])] = value


@pytest.fixture(scope="session")
def share_statements() -> Callable[[Engine], None]:
    def share(engine: Engine) -> None:
        engine._compiled_cache = SharedStatements()  # type: ignore[assignment]

    return share


@pytest.fixture(scope="session", autouse=True)
def _shared_maps() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Flask, "url_map_class", SharedMap)
        yield
