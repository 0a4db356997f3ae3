"""The peers that a comparison runs for real, and whether they are installed (`make bench` installs them)."""

from __future__ import annotations

from importlib.util import find_spec

from bench.goals import Bench, Goal


def can_run(bench: Bench, name: str) -> bool:
    return bench.scale.peers and find_spec(name) is not None


def not_run(key: str, what: str, ours: str, name: str, goal: str = "") -> Goal:
    """The line of a comparison with a peer that is not there."""
    return Goal(
        key, what, ours, f"{name}: not run", "?", goal, None, [f"{name} is not installed: `make bench` does it"]
    )
