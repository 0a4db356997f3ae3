"""Who plays in the demo: two companies, their people, pixels and client apps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.accounts.roles import Role


@dataclass(frozen=True, slots=True)
class DemoPixel:
    """`share` of the company's events; `story` says what is wrong with it, if anything."""

    platform: str
    pixel_id: str
    description: str
    share: float
    settings: dict[str, Any] = field(default_factory=dict)
    story: str = ""


@dataclass(frozen=True, slots=True)
class DemoAccount:
    name: str
    share: float  # of all events
    people: tuple[tuple[str, str, Role], ...]  # name, e-mail, role
    pixels: tuple[DemoPixel, ...]
    clients: tuple[str, ...]


TOKEN_DIED = "the token died two days ago"  # noqa: S105 - a story, no token
ACCOUNTS = (
    DemoAccount(
        "Loja Aurora",
        0.8,
        (
            ("Ana Prado", "ana@aurora.example", Role.ADMIN),
            ("Bruno Teles", "bruno@aurora.example", Role.MANAGER),
            ("Carla Nunes", "carla@aurora.example", Role.OPERATOR),
            ("Diego Reis", "diego@aurora.example", Role.VIEWER),
        ),
        (
            DemoPixel("facebook", "804211337700215", "Loja", 0.46, {"siteUrl": "https://www.aurora.example"}),
            DemoPixel("kwai", "290714800540320", "App Aurora", 0.33),
            DemoPixel("facebook", "611902455830117", "Marketplace", 0.12, {"graphVersion": "v21.0"}),
            DemoPixel("kwai", "290714800540777", "Campanha Natal", 0.09, story=TOKEN_DIED),
        ),
        ("Site (Laravel)", "App Android"),
    ),
    DemoAccount(
        "Clínica Horizonte",
        0.2,
        (
            ("Elisa Moraes", "elisa@horizonte.example", Role.ADMIN),
            ("Fábio Lima", "fabio@horizonte.example", Role.VIEWER),
        ),
        (
            DemoPixel("facebook", "733018842095511", "Agendamentos", 0.7, {"siteUrl": "https://horizonte.example"}),
            DemoPixel("kwai", "291008612440019", "Exames", 0.3),
        ),
        ("Agenda on-line",),
    ),
)
