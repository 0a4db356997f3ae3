"""The first event of a client as a request to copy: curl, PHP, Laravel, JavaScript."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from app.accounts.clients.pixel_choices import PixelChoice

PATH = "/api/tracking/events"
CLICK_FIELDS = {"kwai": "click_id", "facebook": "fbclid"}
NO_PIXEL = PixelChoice("", "kwai", "YOUR_PIXEL_ID", "")


@dataclass(frozen=True, slots=True)
class Sample:
    key: str
    label: str
    text: str


def samples(public_url: str, token: str, pixel: PixelChoice | None) -> list[Sample]:
    """The same registration in each language, ready to run once the click id is a real one."""
    url, body = public_url + PATH, _body(pixel or NO_PIXEL)
    return [
        Sample("curl", "curl", _curl(url, token, body)),
        Sample("php", "PHP", _php(url, token, body)),
        Sample("laravel", "Laravel", _laravel(url, token, body)),
        Sample("javascript", "JavaScript", _javascript(url, token, body)),
    ]


def _body(pixel: PixelChoice) -> dict[str, Any]:
    return {
        "platform": pixel.platform,
        "pixel_id": pixel.pixel_id,
        CLICK_FIELDS.get(pixel.platform, "click_id"): "CLICK_ID_FROM_THE_LANDING_PAGE",
        "event_name": "EVENT_COMPLETE_REGISTRATION",
        "email": "ana@example.com",
    }


def _curl(url: str, token: str, body: dict[str, Any]) -> str:
    text = json.dumps(body, ensure_ascii=False, indent=2).replace("'", "'\\''")
    headers = f"  -H 'Authorization: Bearer {token}' \\\n  -H 'Content-Type: application/json' \\\n"
    return f"curl {url} \\\n{headers}  -d '{text}'"


def _php(url: str, token: str, body: dict[str, Any]) -> str:
    return f"""<?php
$ch = curl_init({_php_text(url)});
curl_setopt_array($ch, [
    CURLOPT_POST => true,
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_TIMEOUT => 15,
    CURLOPT_HTTPHEADER => [
        'Content-Type: application/json',
        'Authorization: Bearer {token}',
    ],
    CURLOPT_POSTFIELDS => json_encode([
{_php_rows(body, 8)}
    ]),
]);
$answer = curl_exec($ch);
echo curl_getinfo($ch, CURLINFO_HTTP_CODE), ' ', $answer;"""


def _laravel(url: str, token: str, body: dict[str, Any]) -> str:
    return f"""use Illuminate\\Support\\Facades\\Http;

$response = Http::withToken({_php_text(token)})->timeout(15)->post({_php_text(url)}, [
{_php_rows(body, 4)}
]);
$response->throw();
$requestId = $response->json('request_id');"""


def _javascript(url: str, token: str, body: dict[str, Any]) -> str:
    text = json.dumps(body, ensure_ascii=False, indent=2).replace("\n", "\n  ")
    return f"""// on your server: a token in a page can be read by everybody
const response = await fetch({json.dumps(url)}, {{
  method: "POST",
  headers: {{
    "Authorization": "Bearer {token}",
    "Content-Type": "application/json",
  }},
  body: JSON.stringify({text}),
}});
console.log(response.status, await response.json());"""


def _php_rows(body: dict[str, Any], indent: int) -> str:
    return "\n".join(f"{' ' * indent}{_php_text(name)} => {_php_text(value)}," for name, value in body.items())


def _php_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
