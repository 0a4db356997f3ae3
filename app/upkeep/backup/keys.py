"""The keys that a backup needs: proofs that keys fit, and the keys themselves when they were asked for."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from app.core.settings import Settings
from app.core.vault import Vault, VaultError
from app.upkeep.backup.manifest import Proof

PLACE, NOBODY, WORD = "backup:proof", UUID(int=0), "kalitrack"


def proof(settings: Settings) -> Proof:
    return Proof(encryption=Vault(settings.encryption_keys).seal(PLACE, NOBODY, WORD), pii=_pii(settings.pii_hash_key))


def misfits(told: Proof, secrets: Mapping[str, str]) -> list[str]:
    """The variables whose values are not those of the backup."""
    found = []
    try:
        Vault(secrets["encryption_keys"].split(",")).open(PLACE, NOBODY, told.encryption)
    except VaultError:
        found.append("ENCRYPTION_KEYS")
    if not hmac.compare_digest(told.pii, _pii(secrets["pii_hash_key"])):
        found.append("PII_HASH_KEY")
    return found


def _pii(key: str) -> str:
    return hmac.new(key.encode(), WORD.encode(), hashlib.sha256).hexdigest()


def texts(settings: Settings) -> dict[str, str]:
    """The secrets as a data folder keeps them, by file name."""
    return {
        "secret_key": settings.secret_key,
        "encryption_keys": ",".join(settings.encryption_keys),
        "pii_hash_key": settings.pii_hash_key,
    }


def given(settings: Settings) -> dict[str, str]:
    """Those that the environment gives to the product, so that no file of the data folder would be read."""
    return {name: text for name, text in texts(settings).items() if _read(settings.data_dir / "secrets" / name) != text}


def put(data_dir: Path, secrets: Mapping[str, str], aside: str) -> None:
    """Writes secrets, by file name, into the data folder; what was there stays beside them with the ending `aside`."""
    for name, text in secrets.items():
        path = data_dir / "secrets" / name
        if _read(path) == text:
            continue
        if path.exists():
            path.rename(path.with_name(f"{name}{aside}"))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8").strip()
    except FileNotFoundError:
        return None
