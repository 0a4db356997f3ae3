"""Which events a webhook takes: `*`, a name, or `deal.*`. Pure."""

from __future__ import annotations

from collections.abc import Collection

ALL = "*"


def matches(patterns: Collection[str], name: str) -> bool:
    """`deal.*` takes deal.moved, neither deals.x nor deal."""
    group = f"{name.partition('.')[0]}.*"
    return ALL in patterns or name in patterns or ("." in name and group in patterns)


def normalised(patterns: Collection[str]) -> list[str]:
    """In order and once each; what `*` or a group takes anyway goes."""
    if ALL in patterns:
        return [ALL]
    groups = {pattern for pattern in patterns if pattern.endswith(".*")}
    return sorted(groups | {name for name in patterns if f"{name.partition('.')[0]}.*" not in groups})
