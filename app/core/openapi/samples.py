"""A call as code to copy: curl, Python, PHP, JavaScript, Laravel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `token` None: no credentials; `file` the name of the field that carries a file, `body` then (and with
    `is_form`) the other fields of the form."""

    method: str
    url: str
    token: str | None = None
    body: dict[str, Any] | None = None
    file: str | None = None
    is_form: bool = False
    saves: bool = False  # the answer is a file

    @property
    def json(self) -> dict[str, Any] | None:
        return None if self.file or self.is_form else self.body

    @property
    def fields(self) -> dict[str, Any]:
        return (self.body or {}) if self.file or self.is_form else {}


@dataclass(frozen=True, slots=True)
class Sample:
    key: str
    label: str
    text: str = field(repr=False)


def samples(call: Call) -> list[Sample]:
    """The call in every language of the API's own page."""
    return [
        Sample("curl", "curl", curl(call)),
        Sample("python", "Python", python(call)),
        Sample("php", "PHP", php(call)),
        Sample("javascript", "JavaScript", javascript(call)),
    ]


def curl(call: Call) -> str:
    method = "" if call.method == ("POST" if call.body is not None or call.file else "GET") else f"-X {call.method} "
    lines = [f"curl {method}{_bare(call.url)}"]
    if call.token is not None:
        lines.append(f"-H {_shell(f'Authorization: Bearer {call.token}')}")
    if call.json is not None:
        lines += [f"-H 'Content-Type: {JSON}'", f"-d {_shell(_json(call.json))}"]
    if call.file is not None:
        lines.append(f"-F {_shell(f'{call.file}=@file')}")
    option = "-F" if call.file else "--data-urlencode"
    lines += [f"{option} {_shell(f'{name}={_plain(value)}')}" for name, value in call.fields.items()]
    if call.saves:
        lines.append("-OJ")
    return " \\\n  ".join(lines)


def python(call: Call) -> str:
    lines = [f"    {_python(call.url)},"]
    if call.token is not None:
        lines.append(f"    headers={_python({'Authorization': f'Bearer {call.token}'})},")
    if call.json is not None:
        lines.append(f"    json={_python(call.json, 4)},")
    if call.fields:
        lines.append(f"    data={_python(call.fields, 4)},")
    if call.file is not None:
        lines.append(f'    files={{{_python(call.file)}: open("file", "rb")}},')
    shown = "response.content" if call.saves else "response.text"
    head = f"import requests\n\nresponse = requests.{call.method.lower()}(\n"
    return head + "\n".join([*lines, "    timeout=15,", ")", f"print(response.status_code, {shown})"])


def php(call: Call) -> str:
    options = ["CURLOPT_POST => true" if call.method == "POST" else f"CURLOPT_CUSTOMREQUEST => '{call.method}'"]
    if call.method == "GET":
        options = []
    options += ["CURLOPT_RETURNTRANSFER => true", "CURLOPT_TIMEOUT => 15"]
    headers = [f"Content-Type: {JSON}"] if call.json is not None else []
    headers += [f"Authorization: Bearer {call.token}"] if call.token is not None else []
    if headers:
        rows = "".join(f"        {_php_text(each)},\n" for each in headers)
        options.append(f"CURLOPT_HTTPHEADER => [\n{rows}    ]")
    if call.json is not None:
        options.append(f"CURLOPT_POSTFIELDS => json_encode({_php(call.json, 4) if call.json else '(object) []'})")
    elif call.file is not None:
        fields = _php_rows({call.file: None, **call.fields}, 8).replace("null", "new CURLFile('file')", 1)
        options.append(f"CURLOPT_POSTFIELDS => [\n{fields}\n    ]")
    elif call.fields:
        options.append(f"CURLOPT_POSTFIELDS => http_build_query({_php(call.fields, 4)})")
    told = "".join(f"    {option},\n" for option in options)
    return f"""<?php
$ch = curl_init({_php_text(call.url)});
curl_setopt_array($ch, [
{told}]);
$answer = curl_exec($ch);
echo curl_getinfo($ch, CURLINFO_HTTP_CODE), ' ', $answer;"""


def laravel(call: Call) -> str:
    """For a call with a token and a JSON body."""
    return f"""use Illuminate\\Support\\Facades\\Http;

$response = Http::withToken({_php_text(call.token or "")})->timeout(15)->{call.method.lower()}({_php_text(call.url)}, [
{_php_rows(call.json or {}, 4)}
]);
$response->throw();
$requestId = $response->json('request_id');"""


def javascript(call: Call) -> str:
    head, options = "", [] if call.method == "GET" else [f"method: {json.dumps(call.method)}"]
    headers = {"Authorization": f"Bearer {call.token}"} if call.token is not None else {}
    if call.json is not None:
        headers["Content-Type"] = JSON
    if headers:
        rows = "".join(f"    {json.dumps(name)}: {json.dumps(each)},\n" for name, each in headers.items())
        options.append(f"headers: {{\n{rows}  }}")
    if call.json is not None:
        options.append("body: JSON.stringify(" + _json(call.json).replace("\n", "\n  ") + ")")
    elif call.file is not None:
        head = "const form = new FormData();\n" + "".join(
            f"form.append({json.dumps(name)}, {value});\n" for name, value in _form_values(call).items()
        )
        options.append("body: form")
    elif call.fields:
        options.append("body: new URLSearchParams(" + _json(call.fields).replace("\n", "\n  ") + ")")
    told = ", {\n" + "".join(f"  {option},\n" for option in options) + "}" if options else ""
    shown = "blob" if call.saves else "text"
    warning = "// on your server: a token in a page can be read by everybody\n" if call.token is not None else ""
    return (
        f"{warning}{head}const response = await fetch({json.dumps(call.url)}{told});\n"
        f"console.log(response.status, await response.{shown}());"
    )


def _form_values(call: Call) -> dict[str, str]:
    values = {name: json.dumps(_plain(value), ensure_ascii=False) for name, value in call.fields.items()}
    return {str(call.file): "file"} | values


def with_query(url: str, query: Mapping[str, Any]) -> str:
    return f"{url}?{urlencode(query)}" if query else url


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _bare(url: str) -> str:
    return _shell(url) if set(url) & set("&?'*$ ") else url


def _shell(text: str) -> str:
    escaped = text.replace("'", "'\\''")
    return f"'{escaped}'"


def _python(value: Any, indent: int = 0) -> str:
    """As people write it: double quotes, one member a line where there are several."""
    pad = " " * (indent + 4)
    match value:
        case dict() if len(value) > 1 or any(isinstance(each, dict | list) for each in value.values()):
            rows = "".join(f"{pad}{_python(name)}: {_python(each, indent + 4)},\n" for name, each in value.items())
            return f"{{\n{rows}{' ' * indent}}}"
        case dict():
            return "{" + ", ".join(f"{_python(name)}: {_python(each)}" for name, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(_python(each, indent) for each in value) + "]"
        case True | False | None:
            return str(value)
    return json.dumps(value, ensure_ascii=False)


def _php(value: Any, indent: int) -> str:
    match value:
        case dict() if value:
            return f"[\n{_php_rows(value, indent + 4)}\n{' ' * indent}]"
        case dict():
            return "(object) []"
        case list():
            return "[" + ", ".join(_php(each, indent) for each in value) + "]"
        case str():
            return _php_text(value)
    return json.dumps(value)


def _php_rows(body: Mapping[str, Any], indent: int) -> str:
    return "\n".join(f"{' ' * indent}{_php_text(name)} => {_php(value, indent)}," for name, value in body.items())


def _php_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
