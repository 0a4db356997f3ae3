"""What we tell people to copy, run as it is shown, on deliveries as they went over the wire."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.core import clock, http
from app.core.ids import uuid7
from app.core.json_text import stringify
from app.webhooks import signatures
from app.webhooks.adapter import Message, Receiver, WebhookCalls
from app.webhooks.samples import FOLDER, SAMPLES, Sample
from tests.webhooks.receiving import Received, receiving

DATA = {
    "name": 'São João 🎉 👩‍👩‍👧 \u2028 "x" </script>',
    "numbers": [5.0, 0.1, 1e21, 1e-7, -0.0, 2**53, 50.25],
    "nested": {"10": {"b": [True, None, {}]}, "9": [], "a\\b": "linha\nnova\t"},
}
PROGRAMS = {"python": sys.executable, "php": "php", "javascript": "node", "shell": "sh"}
HERE = [sample for sample in SAMPLES if shutil.which(PROGRAMS[sample.language])]
CHOSEN = "a-secret-of-my-own-with-é".replace("é", "e")
OF_SOURCE_4 = """
const crypto = require('crypto');
function verifyWebhook(payload, signature, secret) {
  const hmac = crypto.createHmac('sha256', secret);
  hmac.update(JSON.stringify(payload));
  const expectedSignature = hmac.digest('hex');
  return signature === expectedSignature;
}
const [secret, signature] = process.argv.slice(1);
const body = JSON.parse(require('fs').readFileSync(0));
process.exit(verifyWebhook(body, signature, secret) ? 0 : 1);
"""


def deliver(*secrets: str, age: timedelta = timedelta()) -> Received:
    """A delivery made ready `age` ago, through the real client."""
    at = clock.now() - age
    body = stringify({"event": "contact.updated", "timestamp": "2026-11-22T12:00:00.123Z", "data": DATA}).encode()
    message = Message(uuid7(), "contact.updated", body, at)
    with receiving() as receiver:
        client = http.Client(timeout_s=5)
        call = WebhookCalls().build([message], Receiver(f"{receiver.url}/hook", secrets))
        assert client.send(replace(call, is_guarded=False)).status == 200
        client.close()
    assert receiver.requests[0].body == body
    return receiver.requests[0]


@pytest.fixture(scope="module")
def secret() -> str:
    return signatures.generate()


@pytest.fixture(scope="module")
def cases(secret: str) -> list[tuple[str, str, Received, bool]]:
    """What, the receiver's secret, what it received, whether it is genuine."""
    good, newer = deliver(secret), signatures.generate()
    return [
        ("as it came", secret, good, True),
        ("the old secret while two are alive", secret, deliver(newer, secret), True),
        ("the new secret while two are alive", newer, deliver(newer, secret), True),
        ("a chosen secret", CHOSEN, deliver(CHOSEN), True),
        ("almost too old", secret, deliver(secret, age=timedelta(seconds=270)), True),
        ("too old", secret, deliver(secret, age=timedelta(seconds=301)), False),
        ("too new", secret, deliver(secret, age=timedelta(seconds=-320)), False),
        ("a changed byte", secret, replace(good, body=good.body.replace(b"50.25", b"50.26")), False),
        ("a space more", secret, replace(good, body=good.body + b" "), False),
        ("another id", secret, replace(good, headers=good.headers | {"webhook-id": "msg_0"}), False),
        ("a wrong secret", newer, good, False),
        ("no headers", secret, replace(good, headers={}), False),
        ("no number", secret, replace(good, headers=good.headers | {"webhook-timestamp": "now"}), False),
    ]


def test_python_and_shell_are_here() -> None:
    absent = [sample.label for sample in SAMPLES if sample not in HERE]
    print("not on this machine:", absent)
    assert {"python", "shell"} <= {sample.language for sample in HERE}


@pytest.mark.parametrize("sample", HERE, ids=lambda sample: sample.language)
def test_a_sample_takes_genuine_deliveries_and_no_others(
    tmp_path: Path, cases: list[tuple[str, str, Received, bool]], sample: Sample
) -> None:
    running = []
    for number, (what, secret, received, is_genuine) in enumerate(cases):
        headers, body = tmp_path / f"{number}.headers", tmp_path / f"{number}.body"
        headers.write_text("".join(f"{name}: {value}\n" for name, value in received.headers.items()))
        body.write_bytes(received.body)
        command = [PROGRAMS[sample.language], str(FOLDER / sample.file), secret, str(headers), str(body)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        running.append((what, is_genuine, process))
    for what, is_genuine, process in running:
        said = process.communicate(timeout=30)
        assert (process.returncode, *said) == (0 if is_genuine else 1, "", ""), what


@pytest.mark.parametrize("sample", HERE, ids=lambda sample: sample.language)
def test_the_plain_header_is_checked_as_the_comment_says(tmp_path: Path, secret: str, sample: Sample) -> None:
    received = deliver(secret)
    for body, expected in ((received.body, 0), (received.body[:-1] + b" ", 1)):
        (tmp_path / "body").write_bytes(body)
        (tmp_path / "headers").write_text(f"x-webhook-signature: {received.headers['x-webhook-signature']}\n")
        program = tmp_path / sample.file
        program.write_text(WITH_PLAIN[sample.language].format(**halves(sample)))
        command = [PROGRAMS[sample.language], str(program), secret, str(tmp_path / "headers"), str(tmp_path / "body")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert (done.returncode, done.stdout, done.stderr) == (expected, "", "")


WITH_PLAIN = {  # the sample's comment as code, the rest of the sample as it is
    "python": "{top}\ndef verify(secret, headers, body):\n    {plain[0]}\n    return {plain[1]}\n{main}",
    "php": "{renamed}\nfunction verify($secret, $headers, $body) {{ return {plain[0]}; }}\n{main}",
    "javascript": "{top}\nverify = (secret, headers, body) =>\n{plain[0]};\n{main}",
    "shell": "{top}\nverify() {{\nsecret=$1 headers=$2 body=$3\n{plain[0]}\n{plain[1]}\n{plain[2]}\n}}\n{main}",
}


def halves(sample: Sample) -> dict[str, object]:
    """The sample before its comment on the plain header, the code in that comment, and what follows it."""
    top, _, rest = sample.text.partition("The plain header")
    lines = rest.splitlines()[1:]
    count = next(number for number, line in enumerate(lines) if not line.startswith(("#", "//")))
    plain = [line.lstrip("#/ ") for line in lines[:count]]
    top = top.rpartition("\n")[0]
    renamed = top.replace("function verify(", "function standard(")
    return {"top": top, "renamed": renamed, "plain": plain, "main": "\n".join(lines[count:])}


@pytest.mark.parametrize(
    "node", [path for path in [shutil.which("node")] if path], ids=["node"] * bool(shutil.which("node"))
)
def test_the_verification_of_source_4_takes_our_bytes(secret: str, node: str) -> None:
    received = deliver(secret)
    for body, expected in ((received.body, 0), (received.body.replace(b"50.25", b"50.26"), 1)):
        command = [node, "-e", OF_SOURCE_4, secret, received.headers["x-webhook-signature"]]
        assert subprocess.run(command, input=body, timeout=30).returncode == expected
    assert json.loads(received.body)["data"]["name"] == DATA["name"]
