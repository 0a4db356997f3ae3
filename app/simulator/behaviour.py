"""How the simulated platforms misbehave, for whom, how often and for how long."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from app.core import clock
from app.simulator.platforms import HOOK, META, PLATFORMS, Answer, kwai_refusal, meta_error


class Kind(StrEnum):
    ANSWER = "answer"  # as the platform does
    REFUSE = "refuse"  # Meta: 400 with code 100; Kwai: result other than 1
    THROTTLE = "throttle"  # Meta: 400 with code 4, or the `status` given; Kwai: 429; Retry-After when told
    EXPIRE = "expire"  # Meta: 190/463; Kwai: 401
    ERROR = "error"  # 500, or the `status` given
    HTML = "html"  # a proxy's 502 page
    HANG = "hang"  # never answers
    RESET = "reset"  # ends the connection with a reset
    DROP = "drop"  # closes it without an answer, taking nothing
    LOSE = "lose"  # takes the events, then closes without an answer
    ENDLESS = "endless"  # 200 and a body that does not end


HOOK_STATUS = {Kind.REFUSE: 400, Kind.THROTTLE: 429, Kind.EXPIRE: 401}


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One rule. `platform` and `pixel` None mean any; without `times` and `seconds` it holds until told otherwise."""

    kind: Kind = Kind.ANSWER
    platform: str | None = None
    pixel: str | None = None
    seconds: float | None = None
    times: int | None = None
    probability: float | None = None
    latency_ms: float | None = None
    status: int | None = None
    retry_after_s: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", Kind(self.kind))
        if self.platform not in (None, *PLATFORMS):
            raise ValueError(f"platform is {' or '.join(PLATFORMS)}")
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise ValueError("probability is between 0 and 1")
        for name in ("seconds", "times", "latency_ms", "status", "retry_after_s"):
            number = getattr(self, name)
            if number is not None and (isinstance(number, bool) or not isinstance(number, int | float) or number < 0):
                raise ValueError(f"{name} is a number of 0 or more")

    def is_for(self, platform: str, pixel: str) -> bool:
        return self.platform in (None, platform) and self.pixel in (None, pixel)


class _Rule:
    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.left = behaviour.times
        self.until = None if behaviour.seconds is None else clock.monotonic() + behaviour.seconds
        self.chance = random.Random(behaviour.seed)  # noqa: S311  # repeatable is what a test wants

    @property
    def is_over(self) -> bool:
        return self.left == 0 or (self.until is not None and clock.monotonic() >= self.until)

    def strikes(self) -> bool:
        probability = self.behaviour.probability
        if probability is not None and self.chance.random() >= probability:
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Rules:
    """The rules in force; the newest that fits a call decides. Not thread-safe: its owner holds a lock."""

    def __init__(self, latency_ms: float = 0) -> None:
        self.latency_ms = latency_ms
        self._rules: list[_Rule] = []

    def add(self, behaviour: Behaviour) -> None:
        """A plain `answer` without a latency puts its platform and pixel back to normal."""
        if behaviour.kind is Kind.ANSWER and behaviour.latency_ms is None:
            scope = behaviour.platform, behaviour.pixel
            self._rules = [rule for rule in self._rules if not _within(rule.behaviour, *scope)]
        else:
            self._rules.insert(0, _Rule(behaviour))

    def clear(self) -> None:
        self._rules.clear()

    def choose(self, platform: str, pixel: str) -> tuple[Behaviour, float]:
        """What happens to the next call, and the seconds before it does."""
        self._rules = [rule for rule in self._rules if not rule.is_over]
        fitting = [rule for rule in self._rules if rule.behaviour.is_for(platform, pixel)]
        chosen = next((rule.behaviour for rule in fitting if rule.strikes()), Behaviour())
        waits = (rule.behaviour.latency_ms for rule in fitting if rule.behaviour.kind is Kind.ANSWER)
        latency = chosen.latency_ms
        if latency is None:
            latency = next((wait for wait in waits if wait is not None), self.latency_ms)
        return chosen, latency / 1000

    def told(self) -> list[dict[str, Any]]:
        """The rules in force, as JSON, with what is left of them."""
        rules = [rule for rule in self._rules if not rule.is_over]
        return [
            {k: v for k, v in asdict(rule.behaviour).items() if v is not None} | {"left": rule.left} for rule in rules
        ]


def _within(behaviour: Behaviour, platform: str | None, pixel: str | None) -> bool:
    return platform in (None, behaviour.platform) and pixel in (None, behaviour.pixel)


def misbehave(behaviour: Behaviour, platform: str) -> Answer:
    """The answer of the kinds that do answer, in the platform's own shape."""
    headers = {} if behaviour.retry_after_s is None else {"Retry-After": str(behaviour.retry_after_s)}
    is_meta = platform == META
    if platform == HOOK and behaviour.kind in HOOK_STATUS:
        return Answer(behaviour.status or HOOK_STATUS[behaviour.kind], {"error": behaviour.kind}, (), headers)
    if behaviour.kind is Kind.REFUSE:
        return meta_error(400, 100, 2804001, "Invalid parameter") if is_meta else kwai_refusal("refused")
    if behaviour.kind is Kind.THROTTLE:
        if is_meta:
            words = "(#4) Application request limit reached"
            return meta_error(behaviour.status or 400, 4, None, words, **headers)
        return Answer(behaviour.status or 429, {"result": 429, "error_msg": "too many requests"}, (), headers)
    if behaviour.kind is Kind.EXPIRE:
        if is_meta:
            return meta_error(behaviour.status or 401, 190, 463, "Error validating access token: Session has expired.")
        return Answer(behaviour.status or 401, {"result": 401, "error_msg": "access token expired"})
    if behaviour.kind is Kind.HTML:
        page = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
        return Answer(behaviour.status or 502, page, (), {"Content-Type": "text/html", **headers})
    return Answer(behaviour.status or 500, {"error": "internal error"}, (), headers)
