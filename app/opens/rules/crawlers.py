"""The public list of crawlers (crawler-user-agents), asked in microseconds."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from typing import NamedTuple

from app.opens.rules.built_in import NOT_CRAWLERS

KEY = 3  # the shortest entry of the list
_ESCAPED = re.compile(r"\\([^a-zA-Z0-9])")
_SPECIAL = re.compile(r"[\[\](){}|^$*+?\\]|(?<!\\)\.")


class _List(NamedTuple):
    """Nearly all entries are plain words: `words` by their first characters, the longest first. The few patterns are
    looked for one by one after `any_pattern` found that there is one."""

    words: dict[str, list[str]]
    patterns: list[re.Pattern[str]]
    any_pattern: re.Pattern[str]


def named(text: str) -> str | None:
    """The crawler that a user agent (≤ 512 characters, as sent) names, as the list spells it; None: none."""
    known = _list()
    for start in range(len(text) - KEY + 1):
        for word in known.words.get(text[start : start + KEY], ()):
            if text.startswith(word, start):
                return word
    if known.any_pattern.search(text):
        return next((found[0] for pattern in known.patterns if (found := pattern.search(text))), None)
    return None


def count() -> int:
    return sum(map(len, _list().words.values())) + len(_list().patterns)


@cache
def _list() -> _List:
    # mypy finds no types in it
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA  # type: ignore[import-untyped]  # 20 ms and 1 MB: not while the web process starts

    words: defaultdict[str, list[str]] = defaultdict(list)
    patterns: list[str] = []
    for entry in CRAWLER_USER_AGENTS_DATA:
        pattern: str = entry["pattern"]
        plain = _ESCAPED.sub(r"\1", pattern)
        if plain in NOT_CRAWLERS:
            continue
        if _SPECIAL.search(_ESCAPED.sub("", pattern)) or len(plain) < KEY:
            patterns.append(pattern)
        else:
            words[plain[:KEY]].append(plain)
    for same_start in words.values():
        same_start.sort(key=len, reverse=True)
    return _List(dict(words), [re.compile(one) for one in patterns], re.compile("|".join(patterns)))
