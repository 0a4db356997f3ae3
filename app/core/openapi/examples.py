"""A believable example of a schema: what the schema itself gives, else by the name of a field, else by its type."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from pydantic.json_schema import JsonSchemaValue

from app.core.openapi.schemas import resolved

DEEPEST = 6
MANY = 8  # optional fields of a body are shown up to here
NAMESPACE = UUID("018f3c5e-0000-7000-8000-000000000000")
WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+")
BY_NAME: dict[str, Any] = {  # in lower case, words joined by _
    "email": "ana@example.com",
    "new_email": "ana.souza@example.com",
    "password": "uma frase que ninguem adivinha",
    "new_password": "outra frase que ninguem adivinha",
    "current_password": "uma frase que ninguem adivinha",
    "name": "Loja Exemplo",
    "account_name": "Loja Exemplo Ltda.",
    "company": "Loja Exemplo Ltda.",
    "code": "492039",
    "client_id": "0193a7b2-5c1e-7d2a-9f40-3b6c8d1e2f00",
    "client_secret": "kt_live_…",
    "token": "kt_live_…",
    "access_token": "eyJhbGciOiJIUzI1NiIs…",
    "refresh_token": "kr_4bYx0V…",
    "token_type": "Bearer",
    "token_last4": "9f2c",
    "previous_last4": "41ab",
    "expires_in": 900,
    "role": "manager",
    "locale": "pt_BR",
    "language": "pt_BR",
    "timezone": "America/Sao_Paulo",
    "theme": "auto",
    "ip_address": "203.0.113.7",
    "address": "203.0.113.7",
    "last_address": "203.0.113.7",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
    "platform": "facebook",
    "pixel_id": "123456789012345",
    "event_name": "EVENT_PURCHASE",
    "event_id": "pedido-1042",
    "request_id": "track_0193a7b25c1e7d2a9f403b6c8d1e2f00",
    "currency": "BRL",
    "country_code": "55",
    "retention_days": 365,
    "value": 50.0,
    "message": "Event sent successfully",
    "description": "Loja principal",
    "note": "Escritório",
    "reason": "Manutenção da plataforma",
    "detail": "HTTP 503",
    "error": "HTTP 503",
    "outcome": "sent",
    "status": "pending",
    "state": "active",
    "breaker": "closed",
    "http_status": 200,
    "duration_ms": 184,
    "kind": "event",
    "label": "Meta 123456789012345",
    "target_label": "Meta 123456789012345",
    "subject": "EVENT_PURCHASE",
    "action": "pixel.created",
    "version": 3,
    "page": 1,
    "limit": 50,
    "pages": 3,
    "total": 128,
    "count": 42,
    "confirm_count": 42,
    "attempt_count": 1,
    "generation": 0,
    "sent": 12000,
    "opened": 4312,
    "listed": 12000,
    "rate": 0.3593,
    "id_fatura": "FAT001",
    "file": "logo.png",
    "url": "https://www.example.com/",
    "tag": '<img src="https://track.example.com/image/logo.png?id_fatura=[ID]" alt="">',
    "content_type": "image/png",
    "width": 600,
    "height": 120,
    "bytes": 18211,
    "pattern": "203.0.113.0/24",
    "sort": "-createdAt",
    "next": None,
    "after": None,
    "more": False,
    "scopes": ["events:write"],
    "addresses": ["203.0.113.0/24"],
    "allowed_addresses": ["203.0.113.0/24"],
    "origins": ["https://www.example.com"],
    "answer_mode": "wait",
    "per_second": 5,
    "per_minute": 60,
    "per_hour": 1000,
    "per_day": 10000,
    "remaining": 12,
    "permissions": ["overview.view", "profile.edit"],
    "resp": "Service Unavailable",
    "retrying": True,
    "duplicate": False,
    "permission": "pixels.edit",
    "client": "Firefox",
    "system": "Linux",
    "browser": "Firefox",
    "policy": "per_minute",
    "success": True,
    "active": True,
}
TIMES = {  # by the last word: when it was, as seen on the day of the examples
    "expires": "2026-12-21T17:03:12.000Z",
    "until": "2026-11-22T17:03:12.000Z",
    "ends": "2026-11-30T03:00:00.000Z",
    "starts": "2026-11-21T12:00:00.000Z",
}


def example_of(schema: JsonSchemaValue, components: Mapping[str, JsonSchemaValue], *, is_body: bool = False) -> Any:
    """A value that fits `schema`. Of a body only what is required and a few of the rest, since that is what people
    write; of an answer everything."""
    return _Maker(components, is_body).make(schema, "", 0)


class _Maker:
    def __init__(self, components: Mapping[str, JsonSchemaValue], is_body: bool) -> None:
        self.components = components
        self.is_body = is_body

    def make(self, schema: JsonSchemaValue, name: str, depth: int) -> Any:
        if schema.get("examples"):
            return schema["examples"][0]
        schema = resolved(schema, self.components)
        if schema.get("examples"):
            return schema["examples"][0]
        if "const" in schema:
            return schema["const"]
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            return self.make(_first_real(choices, self.components), name, depth)
        known = BY_NAME.get(_snake(name))
        if "enum" in schema:
            return known if known in schema["enum"] else schema["enum"][0]
        return self._of_type(schema, name, depth, known)

    def _of_type(self, schema: JsonSchemaValue, name: str, depth: int, known: Any) -> Any:
        match schema.get("type"):
            case "object":
                return self._object(schema, depth)
            case "array" if isinstance(known, list):
                return known
            case "array":
                return [] if depth > DEEPEST else [self.make(schema.get("items", {}), _singular(name), depth + 1)]
            case "string":
                return _text(schema, name, known)
            case "integer" | "number":
                return _number(schema, known)
            case "boolean":
                return known if isinstance(known, bool) else schema.get("default", True) is not False
        return known

    def _object(self, schema: JsonSchemaValue, depth: int) -> dict[str, Any]:
        properties: dict[str, JsonSchemaValue] = schema.get("properties", {})
        if depth > DEEPEST:
            return {}
        return {name: self.make(properties[name], name, depth + 1) for name in self._shown(schema, properties)}

    def _shown(self, schema: JsonSchemaValue, properties: Mapping[str, JsonSchemaValue]) -> list[str]:
        if not self.is_body:
            return list(properties)
        required = set(schema.get("required", ()))
        optional = [name for name in properties if name not in required][: max(0, MANY - len(required))]
        return [name for name in properties if name in required or name in optional]


def _first_real(choices: list[JsonSchemaValue], components: Mapping[str, JsonSchemaValue]) -> JsonSchemaValue:
    real = [each for each in choices if resolved(each, components).get("type") != "null"]
    return real[0] if real else choices[0]


def _snake(name: str) -> str:
    return "_".join(word.lower() for word in WORDS.findall(name))


def _singular(name: str) -> str:
    return name.removesuffix("s")


def _text(schema: JsonSchemaValue, name: str, known: Any) -> str:
    match schema.get("format"):
        case "uuid":
            return str(known) if name == "client_id" else _id(name)
        case "date-time":
            return next((at for word, at in TIMES.items() if name.lower().startswith(word)), "2026-11-21T17:03:12.481Z")
        case "date":
            return "2026-11-21"
        case "binary":
            return "…"
    if isinstance(known, str):
        return known[: schema.get("maxLength", len(known))]
    if isinstance(schema.get("default"), str):
        return str(schema["default"])
    if "pattern" in schema:  # of decimals as text, or of digits
        return next((text for text in ("1.50", "55", "abc") if re.search(schema["pattern"], text)), "")
    return _id(name) if _snake(name).endswith(("_id", "_ids")) or name == "id" else "texto"


def _id(name: str) -> str:
    """Always the same for a name, and shaped as ours are (UUIDv7)."""
    random = uuid5(NAMESPACE, name).hex
    return str(UUID(f"0193a7b25c1e7{random[:3]}9{random[3:6]}{random[6:18]}"))


def _number(schema: JsonSchemaValue, known: Any) -> float:
    lowest: float = schema.get("minimum", 0)
    highest: float = schema.get("maximum", math.inf)
    is_number = isinstance(known, int | float) and not isinstance(known, bool)
    given: Any = known if is_number else schema.get("default", 1)
    value: float = given if isinstance(given, int | float) else 1
    return max(lowest, min(highest, int(value) if schema["type"] == "integer" else value))
