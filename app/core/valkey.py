"""Where this data folder's Valkey listens: the same answer in every process."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path
from urllib.parse import quote

from app.core.settings import Settings, kept_secret

SOCKET_PATH_LIMIT = 103  # bytes; sun_path holds 104 on macOS, 108 on Linux, with a closing NUL


def redis_url(settings: Settings) -> str:
    """REDIS_URL as given, else the embedded one with its password: `unix://…` or `redis://127.0.0.1:…` (redis-py)."""
    if settings.redis_url is not None:
        return settings.redis_url
    path = socket_path(settings)
    if path is not None:
        return f"unix://:{password(settings)}@{quote(str(path))}?db=0"
    return f"redis://:{password(settings)}@127.0.0.1:{tcp_port(settings)}/0"


def socket_path(settings: Settings) -> Path | None:
    """The embedded Valkey's socket, or None when the data folder's path is too long for one."""
    path = settings.data_dir / "valkey" / "valkey.sock"
    return path if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT else None


def tcp_port(settings: Settings) -> int:
    """The loopback port kept for a data folder whose path is too long; chosen among the free ones the first time."""
    return int(kept_secret(settings.data_dir, "valkey_port", _free_port))


def password(settings: Settings) -> str:
    """The embedded Valkey's password, made on first use (mode 0600)."""
    return kept_secret(settings.data_dir, "valkey_password", lambda: secrets.token_urlsafe(32))


def forget_port(settings: Settings) -> None:
    """Another program took the kept port: the next call of `tcp_port` chooses a new one."""
    (settings.data_dir / "secrets" / "valkey_port").unlink(missing_ok=True)


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return str(probe.getsockname()[1])
