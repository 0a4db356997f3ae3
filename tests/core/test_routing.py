"""Rules that compile their builders late build the same URLs."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import Map, Rule

from app.core.routing import QuickRule

RULES = {"plain": "/a", "one": "/a/<id>", "typed": "/<int:number>/x", "kind": "/<any(b, c):kind>/<path:rest>"}
VALUES = {"plain": {}, "one": {"id": "é /?"}, "typed": {"number": 7}, "kind": {"kind": "c", "rest": "d/e f"}}


def urls(rule: type[Rule]) -> list[str]:
    adapter = Map([rule(path, endpoint=name) for name, path in RULES.items()]).bind("example.com")
    built = [adapter.build(name, values) for name, values in VALUES.items()]
    return built + [adapter.build(name, {**values, "q": "a b", "rule": "1"}) for name, values in VALUES.items()]


def test_the_urls_are_those_of_any_rule() -> None:
    assert urls(QuickRule) == urls(QuickRule) == urls(Rule)


def test_every_rule_of_the_product_is_quick(app: Flask) -> None:
    slow = [rule.rule for rule in app.url_map.iter_rules() if not isinstance(rule, QuickRule)]
    assert slow == ["/static/<path:filename>"]  # Flask's own, from before we can say so
