"""One test over many files: a test of its own for each would take the runner longer than the look at the file."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

Test = Callable[..., None]


def each(values: Sequence[str]) -> Callable[[Test], Test]:
    """Calls the test with every value as its last argument, the others being fixtures, and fails with all that failed,
    by value."""

    def decorate(check: Test) -> Test:
        *fixtures, last = inspect.signature(check).parameters.values()

        def test(**given: Any) -> None:
            assert values, "nothing to look at"
            said = {value: _failure(check, {**given, last.name: value}) for value in values}
            failed = [f"{value}: {words}" for value, words in said.items() if words is not None]
            assert not failed, "\n".join(failed)

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        test.__signature__ = inspect.Signature(fixtures)  # type: ignore[attr-defined]
        return test

    return decorate


def _failure(check: Test, arguments: dict[str, Any]) -> str | None:
    try:
        check(**arguments)
    except AssertionError as error:
        return str(error)[:500] or "AssertionError"
    return None
