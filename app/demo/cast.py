"""Who plays in the demo: two companies, their people, pixels, client apps, images and mailings."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
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
class DemoImage:
    file: str
    name: str
    drawing: str  # of `pictures.DRAWN`
    signed_only: bool = False


class Told(StrEnum):
    """What the sender of a mailing told of it."""

    IDS = "ids"
    NUMBER = "number"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class DemoMailing:
    """`share` of the company's mails, `rate` of people who open, `prefix` of the ids; `after` names the mailing whose
    unopened ids it goes to again; `counts_by` is the image whose opens count."""

    name: str
    days_ago: int
    hour: int
    prefix: str
    share: float
    rate: float
    files: tuple[str, ...]
    told: Told
    lasts: int = 7  # days
    counts_by: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class DemoAccount:
    name: str
    share: float  # of all events and mails
    people: tuple[tuple[str, str, Role], ...]  # name, e-mail, role
    pixels: tuple[DemoPixel, ...]
    clients: tuple[str, ...]
    images: tuple[DemoImage, ...]
    mailings: tuple[DemoMailing, ...]
    daily: tuple[str, float, tuple[str, ...]]  # mails of every day: prefix of their ids, share, files


_LOGO, _SUMMER, _SALE = "logo.png", "vestidos-leves.jpg", "black-friday.webp"
_INVOICE = (_LOGO, "assinatura-financeiro.png")
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
        (
            DemoImage("logo.png", "Logo", "logo"),
            DemoImage("vestidos-leves.jpg", "Banner Vestidos leves", "summer"),
            DemoImage("black-friday.webp", "Banner Black Friday", "black friday"),
            DemoImage("assinatura-financeiro.png", "Assinatura do financeiro", "signature"),
        ),
        (
            DemoMailing("Faturas de outubro", 24, 9, "FAT2026", 0.23, 0.76, _INVOICE, Told.IDS, 14),
            DemoMailing(
                "Newsletter: vestidos leves",
                20,
                10,
                "NL44-",
                0.17,
                0.4,
                (_SUMMER, _LOGO),
                Told.NUMBER,
                counts_by=_SUMMER,
            ),
            DemoMailing(
                "Lembrete de outubro", 16, 9, "FAT2026", 0, 0.3, (_LOGO,), Told.IDS, 10, after="Faturas de outubro"
            ),
            DemoMailing(
                "Aquecimento Black Friday", 13, 18, "NL46-", 0.17, 0.44, (_SALE, _LOGO), Told.NUMBER, counts_by=_SALE
            ),
            DemoMailing("Faturas de novembro", 6, 9, "FAT2026", 0.24, 0.78, _INVOICE, Told.IDS, 14),
            DemoMailing("Black Friday", 1, 8, "BF2026-", 0.14, 0.5, (_SALE, _LOGO), Told.NOTHING, 4, counts_by=_SALE),
        ),
        ("PED", 0.05, (_LOGO,)),
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
        (
            DemoImage("horizonte.png", "Logo da clínica", "clinic", signed_only=True),
            DemoImage("novembro-azul.gif", "Banner Novembro Azul", "november"),
        ),
        (
            DemoMailing("Resultados de outubro", 16, 8, "EXA", 0.35, 0.84, ("horizonte.png",), Told.IDS, 10),
            DemoMailing(
                "Novembro Azul", 8, 11, "CAM26-", 0.4, 0.42, ("novembro-azul.gif", "horizonte.png"), Told.NUMBER
            ),
        ),
        ("AGE", 0.25, ("horizonte.png",)),
    ),
)
