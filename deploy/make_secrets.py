"""Makes what a deployment keeps secret, one file each: `python3 deploy/make_secrets.py deploy/secrets`."""

from __future__ import annotations

import base64
import os
import secrets
import sys
from pathlib import Path


def drafts(database_host: str = "postgres", valkey_host: str = "valkey") -> dict[str, str]:
    """File name -> content. Those that are given to Kalitrack have the names of its settings."""
    database, valkey = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    return {
        "secret_key": secrets.token_urlsafe(48),
        "encryption_keys": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "pii_hash_key": secrets.token_urlsafe(48),
        "internal_api_token": secrets.token_urlsafe(32),
        "postgres_password": database,
        "database_url": f"postgresql+psycopg://kalitrack:{database}@{database_host}:5432/kalitrack",
        "redis_url": f"redis://:{valkey}@{valkey_host}:6379/0",
        "valkey.conf": f"requirepass {valkey}",
    }


def write(folder: Path) -> list[Path]:
    """What is there stays: a lost encryption key cannot be made again. Returns what was made."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    wanted = drafts()
    kept = {name for name in wanted if (folder / name).exists()}
    pairs = [{"postgres_password", "database_url"}, {"redis_url", "valkey.conf"}]
    torn = [sorted(pair) for pair in pairs if len(pair & kept) == 1]
    if torn:
        raise SystemExit(f"in {folder} one of {' and '.join(torn[0])} is missing: they hold the same password")
    made = [folder / name for name in wanted if name not in kept]
    for path in made:
        # Readable for the user in the container, who is another one; the folder is for its owner alone.
        path.write_text(wanted[path.name] + "\n", "utf-8")
        path.chmod(0o644)
    return made


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: make_secrets.py <folder>")
    for path in write(Path(sys.argv[1])):
        print(path)
