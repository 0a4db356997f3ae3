"""Every setting, read from the environment once. A wrong value stops the boot and names its variable."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from cryptography.fernet import Fernet
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from app.core import mail_server

SAMPLE_TOKENS = frozenset(
    {
        "track123456",
        "RVLUO5lPW4vzx1BNP1ous2qPmozuVmuXaKt_BklSIXo",  # printed in the customer's own document
    }
)
MIN_TOKEN_LENGTH = 24
MIN_SECRET_LENGTH = 32
SECRET_VARIABLES = (
    "SECRET_KEY", "ENCRYPTION_KEYS", "PII_HASH_KEY", "ADMIN_PASSWORD", "TRACKING_TOKEN", "DATABASE_URL", "REDIS_URL",
    "INTERNAL_API_TOKEN", "SMTP_URL", "GOOGLE_CLIENT_SECRET", "FACEBOOK_APP_SECRET",
)  # fmt: skip


class SettingError(Exception):
    """A setting that the product cannot start with, in one sentence that names the variable."""


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("must be an http(s) URL without user, query or fragment")
    return value.rstrip("/")


def _keys(value: Any) -> Any:
    return tuple(key.strip() for key in value.split(",") if key.strip()) if isinstance(value, str) else value


Url = Annotated[str, BeforeValidator(_url)]
Seconds = Annotated[float, Field(gt=0, le=300)]


class Settings(BaseModel):
    """The whole configuration; field names are the lower-cased variable names (`KALITRACK_` dropped)."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    data_dir: Path
    env: Literal["production", "development"] = "production"
    database_url: str
    redis_url: str | None = None  # None: the embedded Valkey of the data folder
    host: str = "127.0.0.1"
    port: int = Field(5001, ge=1, le=65535)
    web_processes: int = Field(ge=1, le=64)
    web_threads: int = Field(128, ge=8, le=1024)
    workers: int = Field(1, ge=1, le=64)
    public_url: Url
    trusted_proxies: int = Field(0, ge=0, le=10)
    secret_key: str = Field(min_length=MIN_SECRET_LENGTH)
    encryption_keys: Annotated[tuple[str, ...], BeforeValidator(_keys)] = Field(min_length=1)
    pii_hash_key: str = Field(min_length=MIN_SECRET_LENGTH)
    admin_email: str | None = None
    admin_password: str | None = None
    tracking_token: str | None = None
    registration: Literal["open", "closed"] = "closed"
    sign_in_failures: int = Field(10, ge=1, le=100_000)  # of one network address in five minutes
    stats_public: bool = False
    cors_origin: str | None = None
    timezone: str = "America/Sao_Paulo"
    outbound_timeout: Seconds = 10.0
    answer_timeout: Seconds = 8.0
    webhook_timeout: Seconds = 30.0
    kwai_events_url: Url = "https://www.adsnebula.com/log/common/api"
    meta_graph_url: Url = "https://graph.facebook.com"
    meta_graph_version: str = Field("v25.0", pattern=r"^v\d{1,3}\.\d{1,2}$")
    allow_private_targets: bool = False
    retention_days: int = Field(365, ge=1, le=36500)
    internal_api_token: str | None = None  # unset: nothing goes to the company's own systems
    hub_url: Url = "https://integracoes.carinho.com.vc/api"
    smtp_url: str | None = None
    mail_from: str | None = None  # None: `kalitrack@` and the host of PUBLIC_URL
    google_client_id: str | None = None
    google_client_secret: str | None = None
    google_accounts_url: Url = "https://accounts.google.com"  # its OpenID discovery document names all else
    facebook_app_id: str | None = None
    facebook_app_secret: str | None = None
    facebook_dialog_url: Url = "https://www.facebook.com"
    demo: bool = False  # `make demo` sets it: people sign in from the link that it prints

    @field_validator("timezone")
    @classmethod
    def known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("is not a time zone name such as America/Sao_Paulo") from error
        return value

    @field_validator("encryption_keys")
    @classmethod
    def fernet_keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for key in value:
            try:
                Fernet(key)
            except ValueError as error:
                raise ValueError("must be comma-separated Fernet keys (32 bytes, url-safe base64)") from error
        return value

    @field_validator("cors_origin")
    @classmethod
    def whole_origin(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?", value):
            raise ValueError("must be one origin: scheme://host[:port], without a path")
        return value

    @field_validator("database_url")
    @classmethod
    def supported_database(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("must start with sqlite:/// or postgresql+psycopg://")
        return value

    @field_validator("smtp_url")
    @classmethod
    def known_mail_server(cls, value: str | None) -> str | None:
        if value is not None:
            mail_server.parse(value)
        return value

    @field_validator("mail_from")
    @classmethod
    def known_sender(cls, value: str | None) -> str | None:
        if value is not None:
            mail_server.sender(value, "")
        return value

    @model_validator(mode="after")
    def no_sample_values(self) -> Self:
        if self.tracking_token is None or self.env == "development":
            return self
        if self.tracking_token in SAMPLE_TOKENS:
            raise ValueError("TRACKING_TOKEN is a sample value from the documentation; choose a secret one")
        if len(self.tracking_token) < MIN_TOKEN_LENGTH:
            raise ValueError(f"TRACKING_TOKEN must have at least {MIN_TOKEN_LENGTH} characters")
        return self

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def database_file(self) -> Path | None:
        return Path(self.database_url.removeprefix("sqlite:///")) if self.is_sqlite else None

    @property
    def takes_plain_http(self) -> bool:
        """Whether webhooks may be called without TLS: where people develop, and in the demo, whose receivers are its
        own."""
        return self.env == "development" or self.demo

    @property
    def serves_tls(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def logs_dir(self) -> Path:
        return self.data_dir / "logs"

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, **overrides: Any) -> Self:
        """Reads `environ` (default: the process's own, with `.env` underneath), fills in what has a safe default and
        generates missing secrets into the data folder. Raises SettingError."""
        variables = dict(os.environ if environ is None else environ)
        if environ is None:
            variables = {**read_dotenv(Path(".env")), **variables}
        values = {name: value for name, value in _from_variables(variables).items() if value != ""}
        values |= overrides
        data_dir = Path(values.setdefault("data_dir", Path("instance"))).absolute()
        values["data_dir"] = data_dir
        _prepare(data_dir)
        for name, generate in GENERATED.items():
            values.setdefault(name, None)
            values[name] = values[name] or kept_secret(data_dir, name, generate)
        values.setdefault("database_url", f"sqlite:///{data_dir / 'kalitrack.db'}")
        on_sqlite = str(values["database_url"]).startswith("sqlite")
        values.setdefault("web_processes", 1 if on_sqlite else os.cpu_count() or 1)
        host = str(values.get("host", "127.0.0.1"))
        address = f"[{host}]" if ":" in host else host
        values.setdefault("public_url", f"http://{address}:{values.get('port', 5001)}")
        try:
            return cls(**values)
        except ValidationError as error:
            raise SettingError(_sentence(error)) from None


def read_dotenv(path: Path) -> dict[str, str]:
    """`NAME=value` lines; quotes around a value are dropped, `#` lines and blank ones ignored."""
    if not path.is_file():
        return {}
    found = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        text = line.strip().removeprefix("export ")
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name.strip()):
            raise SettingError(f".env line {number} is not NAME=value")
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        found[name.strip()] = value
    return found


def variable_name(field: str) -> str:
    """The environment variable of a field: `data_dir` is KALITRACK_DATA_DIR, `port` is PORT."""
    return f"KALITRACK_{field.upper()}" if field in ("data_dir", "env", "demo") else field.upper()


def _from_variables(variables: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in Settings.model_fields:
        name = variable_name(field)
        if name in variables:
            values[field] = variables[name]
        elif name in SECRET_VARIABLES and variables.get(f"{name}_FILE"):
            try:
                values[field] = Path(variables[f"{name}_FILE"]).read_text("utf-8").strip()
            except OSError as error:
                raise SettingError(f"{name}_FILE cannot be read: {error.strerror}") from None
    return values


def _prepare(data_dir: Path) -> None:
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"KALITRACK_DATA_DIR {data_dir} cannot be created: {error.strerror}") from None
    if not os.access(data_dir, os.W_OK):
        raise SettingError(f"KALITRACK_DATA_DIR {data_dir} is not writable")


GENERATED = {
    "secret_key": lambda: secrets.token_urlsafe(48),
    "encryption_keys": lambda: Fernet.generate_key().decode(),
    "pii_hash_key": lambda: secrets.token_urlsafe(48),
}


def kept_secret(data_dir: Path, name: str, generate: Any) -> str:
    """The generated secret of this data folder: made once, mode 0600, and complete even when two processes start."""
    path = data_dir / "secrets" / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f"{name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(generate())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # unlike a rename, never replaces what another process made first
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text("utf-8").strip()


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return message
    return f"{variable_name(str(first['loc'][0]))}: {message[0].lower()}{message[1:]}"
