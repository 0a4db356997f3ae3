"""The addresses of an account's images, as pages and API show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit
from uuid import UUID

from sqlalchemy.orm import Session

from app.accounts.sign_in import first_account
from app.core.runtime import runtime
from app.opens.links import ID, image_url, preview_token, signature, tag
from app.opens.rules import settings

PLACEHOLDER = "[ID]"  # pasted as it is, it is known for a variable that nobody filled in
SIGNATURE = "[SIGNATURE]"
LOOPBACK = ("127.0.0.1", "localhost", "::1", "0.0.0.0")  # noqa: S104 - compared with, never listened on
PREVIEW_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Addresses:
    """`account_key` is empty for the first account, whose addresses need none."""

    public_url: str
    account_key: str
    signing_key: bytes | None

    @property
    def only_here(self) -> bool:
        """Whether no mail program elsewhere can reach them."""
        return urlsplit(self.public_url).hostname in LOOPBACK

    def plain(self, file: str) -> str:
        return image_url(self.public_url, file, **self._account())

    def with_id(self, file: str, placeholder: str = PLACEHOLDER) -> str:
        """The placeholder stays as it is: quoted, no tool would find it."""
        url = self.plain(file)
        return f"{url}{'&' if '?' in url else '?'}{ID}={placeholder}"

    def signed(self, file: str, placeholder: str = PLACEHOLDER) -> str:
        return f"{self.with_id(file, placeholder)}&s={SIGNATURE}"

    def tag(self, file: str, placeholder: str = PLACEHOLDER) -> str:
        return tag(self.with_id(file, placeholder))

    def tried(self, file: str, ref: str, *, signed: bool) -> str:
        """The tag with the id of a try; signed for an image that counts nothing else."""
        url = self.with_id(file, quote(ref, safe=""))
        if signed and self.signing_key is not None:
            url += f"&s={signature(self.signing_key, file, ref)}"
        return tag(url)

    def preview(self, file: str, now: datetime) -> str | None:
        """Shows the image for a week and counts nothing; None while the account has no key."""
        if self.signing_key is None:
            return None
        token = preview_token(self.signing_key, file, now + PREVIEW_FOR)
        return image_url(self.public_url, file, **self._account(), preview=token)

    def _account(self) -> dict[str, str]:
        return {"k": self.account_key} if self.account_key else {}


def addresses_of(session: Session, account_id: UUID) -> Addresses:
    """An account has its keys from its first image on."""
    state = runtime()
    keys = settings.keys_of(session.connection(), state.vault, account_id)
    if keys is None:
        return Addresses(state.settings.public_url, "", None)
    is_first = first_account(session).id == account_id
    return Addresses(state.settings.public_url, "" if is_first else keys.account_key, next(iter(keys.signing), None))
