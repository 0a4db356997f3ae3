"""Who loads the images of mails: people by their programs, what fetches for them, and machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_ANDROID = "Mozilla/5.0 (Linux; Android {}; wv) " + _WEBKIT + " Version/4.0 Chrome/142.0.7444.90 Mobile Safari/537.36"

GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
GMAIL_AHEAD = (
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
)
APPLE_AHEAD = "Mozilla/5.0"
LINK_GUARD = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) GuardaLinks/3.1"  # for which the shop has a rule of its own
OFFICE = "198.51.100.0"  # the network of those who send, of which it has one too

# How busy people are with their mail, by local hour: at a desk, and on a phone
DESK = (0, 0, 0, 0, 0, 1, 3, 9, 17, 20, 18, 15, 9, 13, 17, 15, 13, 10, 5, 3, 2, 2, 1, 0)
PHONE = (3, 1, 0, 0, 1, 2, 5, 9, 9, 8, 7, 8, 12, 9, 8, 8, 9, 12, 16, 19, 20, 19, 14, 8)
BUSIEST = 20
DESK_WEEK = (1.0, 1.0, 0.95, 0.95, 0.9, 0.2, 0.12)
PHONE_WEEK = (0.9, 0.9, 0.9, 0.9, 1.0, 0.9, 0.75)


class Program(NamedTuple):
    """`share` is of people; the referers are of webmail read in a browser."""

    share: float
    agents: tuple[str, ...]
    is_desk: bool = False
    referers: tuple[str, ...] = ()
    is_proxy: bool = False  # it fetches for them, from its own addresses
    is_ahead: bool = False  # and before they look: their own opens cannot be seen


_WEBMAIL = (
    "outlook.live.com/mail/0/inbox",
    "mail.uol.com.br/",
    "webmail.terra.com.br/",
    "email.bol.uol.com.br/",
    "outlook.office.com/mail/inbox",
)
PROGRAMS = (
    Program(36, (GMAIL,), is_proxy=True),
    Program(4, ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",), is_proxy=True),
    Program(22, (APPLE_AHEAD,), is_proxy=True, is_ahead=True),
    Program(
        9,
        (
            "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)",
            "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; ms-office; MSOffice 16)",
            "Microsoft Office/15.0 (Windows NT 6.1; Microsoft Outlook 15.0.5589; Pro)",
        ),
        is_desk=True,
    ),
    Program(
        10,
        (
            "Dalvik/2.1.0 (Linux; U; Android 15; SM-A556E Build/AP3A.240905.015.A2) SamsungEmail/6.1.97",
            "Dalvik/2.1.0 (Linux; U; Android 14; SM-S911B Build/UP1A.231005.007) SamsungEmail/6.1.94",
        ),
    ),
    Program(
        8,
        (
            _ANDROID.format("14; moto g84 5G Build/U1TCS34.22-36-4"),
            _ANDROID.format("13; Redmi Note 12 Build/TKQ1.221114.001"),
            _ANDROID.format("13; CUBOT P80 Build/TP1A.220624.014"),
            _ANDROID.format("15; SM-S921B Build/AP3A.240905.015.A2"),
        ),
    ),
    Program(
        4,
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {_APPLE} Mobile/15E148",
            f"Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) {_APPLE} Mobile/15E148",
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_7 like Mac OS X) {_APPLE} Version/17.7 Mobile/15E148 Safari/604.1",
        ),
    ),
    Program(
        6,
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/142.0.0.0 Safari/537.36",
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
            f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_APPLE} Version/18.6 Safari/605.1.15",
        ),
        is_desk=True,
        referers=_WEBMAIL,
    ),
    Program(
        1, ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Thunderbird/128.14.0",), is_desk=True
    ),
)
MACHINES = (  # what a message meets before its reader does, or when it is passed on
    "Mozilla/5.0 (compatible; Barracuda Sentinel (EE))",
    "Mimecast Link Protection/2.4",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} HeadlessChrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "python-requests/2.32.5",
    "Go-http-client/2.0",
    "",
    LINK_GUARD,
)
PASSED_ON = "WhatsApp/2.25.33.75 A"


@dataclass(frozen=True, slots=True)
class Reader:
    """One who gets mails: by which program, from which network, by which webmail."""

    program: Program
    agent: str
    network: str
    referer: str | None

    def is_awake(self, random: Random, hour: int, weekday: int) -> bool:
        """Whether mail is read at this local hour, at random by how usual that is."""
        hours, week = (DESK, DESK_WEEK) if self.program.is_desk else (PHONE, PHONE_WEEK)
        return random.random() * BUSIEST < hours[hour] * week[weekday]


def somebody(random: Random, programs: Sequence[Program] = PROGRAMS) -> Reader:
    program = random.choices(programs, [each.share for each in programs])[0]
    referer = random.choice(program.referers) if program.referers and random.random() < 0.7 else None
    network = "192.0.2.0" if program.is_proxy else _network(random)
    return Reader(program, random.choice(program.agents), network, referer)


def _network(random: Random) -> str:
    """As stored, masked; from the ranges for documentation and benchmarks."""
    if random.random() < 0.35:
        return f"2001:db8:{random.randrange(1, 4096):x}::"
    return f"198.{random.randrange(18, 20)}.{random.randrange(256)}.0"
