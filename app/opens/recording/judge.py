"""From a hit to what is written: whose it is, whether it counts, by which rule, and what is kept of the address."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from app.core.addresses import Address
from app.opens.links import is_signed
from app.opens.models import NO_IMAGE, MissReason
from app.opens.recording.hit import Hit
from app.opens.recording.library import KnownAccount, KnownImage
from app.opens.rules.agents import agent_id
from app.opens.rules.classify import Verdict, classify
from app.opens.rules.models import Addresses

Key = tuple[str, str]  # the account's id in hex, the e-mail's id
BUILT_IN_FILES = frozenset({"open.gif"})


@dataclass(slots=True)
class Load:
    """One load as the writer takes it. `verdict` is None for one that leaves no open, only its `misses`."""

    hit: Hit
    account: KnownAccount
    image_id: UUID
    verdict: Verdict | None
    misses: tuple[MissReason, ...]
    address: str | None
    agent_id: UUID | None
    is_signed: bool
    is_late: bool = False  # it may be written already
    is_given_up: bool = False  # somebody else writes it

    id: UUID = field(init=False)
    at: datetime = field(init=False)
    key: Key = field(init=False)

    def __post_init__(self) -> None:
        self.id, self.at = self.hit.id, self.hit.at
        self.key = (self.account.hex, self.hit.ref.text)


def judge(hit: Hit, account: KnownAccount, image: KnownImage | None) -> Load:
    """Pure. An open has an id, rendered, and a signature where the image asks for one; the rest is only counted."""
    ref = hit.ref
    known = image is not None or hit.file in BUILT_IN_FILES
    misses = () if known else (MissReason.UNKNOWN_FILE,)
    signed = bool(hit.signature) and is_signed(account.signing, hit.file, ref.text, hit.signature)
    refused = None
    if not ref.text:
        refused = MissReason.WITHOUT_ID
    elif ref.is_unrendered:
        refused = MissReason.UNRENDERED
    elif image is not None and image.signed_only and not signed:
        refused = MissReason.UNSIGNED
    image_id = image.id if image is not None else NO_IMAGE
    if refused is not None:
        return Load(hit, account, image_id, None, (*misses, refused), None, None, signed)
    verdict = classify(hit.agent, hit.address, hit.is_ahead, account.rules)
    address = kept_address(hit.address, account.addresses)
    return Load(hit, account, image_id, verdict, misses, address, agent_id(hit.agent), signed)


@lru_cache(4096)
def kept_address(address: Address | None, mode: Addresses) -> str | None:
    """As text: whole, or its network (/24 of IPv4, /48 of IPv6), or nothing."""
    if address is None or mode is Addresses.NONE:
        return None
    if mode is Addresses.FULL:
        return str(address)
    kept = _KEPT_4 if address.version == 4 else _KEPT_6
    return str(type(address)(int(address) & kept))


_KEPT_4 = 0xFFFFFF00  # /24
_KEPT_6 = ((1 << 48) - 1) << 80  # /48
