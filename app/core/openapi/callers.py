"""Who may call an operation, in the words of whoever knows roles and scopes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.core.api import Operation

ACCESS_TOKEN, CLIENT_TOKEN, CLIENT_CREDENTIALS = "accessToken", "clientToken", "clientCredentials"


@dataclass(frozen=True, slots=True)
class Callers:
    """The roles of people and the scopes of clients that a permission is given to."""

    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


CallersOf = Callable[[str], Callers]


def nobody_told(_permission: str) -> Callers:
    """For apps without accounts: people, of no role that could be named."""
    return Callers()


def security(operation: Operation, callers: Callers) -> list[dict[str, list[str]]]:
    """The credentials that are accepted, one of them at a time."""
    if operation.permission is None:
        return []
    kinds: list[dict[str, list[str]]] = []
    if callers.scopes:
        kinds += [{CLIENT_TOKEN: []}, {CLIENT_CREDENTIALS: list(callers.scopes)}]
    return [*kinds, {ACCESS_TOKEN: []}] if callers.roles or not kinds else kinds


def sentence(operation: Operation, callers: Callers) -> str:
    """Who may call, for people who read."""
    if operation.permission is None:
        return "Anyone may call this; no token is needed."
    whom = []
    if callers.roles:
        whom.append(f"people with the role {_either(callers.roles)}")
    if callers.scopes:
        whom.append(f"API clients with the scope {_either(callers.scopes)}")
    told = f"For {' and '.join(whom)}." if whom else f"Needs the permission {operation.permission}."
    if operation.confirmed:
        told += (
            " People must have signed in, or confirmed that it is them, within the last 30 minutes;"
            " else 403 with `confirmRequired`."
        )
    return told


def _either(names: tuple[str, ...]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
