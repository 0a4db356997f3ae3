import base64
import hashlib
import hmac
import time


def verify(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """`body`: the bytes as they came (Flask: request.get_data(), Django: request.body), never JSON written again.
    `headers`: by name in lower case. One signature of several is enough: while a secret is replaced there are two."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > 5 * 60:
        return False  # too old: somebody may be sending a delivery that he recorded
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    given = headers.get("webhook-signature", "").encode().split(b" ")
    return any(hmac.compare_digest(expected, one) for one in given)


# The plain header X-Webhook-Signature, over the same bytes, with the text of the secret as it is:
#     expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
#     hmac.compare_digest(expected.encode(), headers["x-webhook-signature"].encode())

if __name__ == "__main__":  # python3 verify.py SECRET HEADERS_FILE BODY_FILE
    import sys

    with open(sys.argv[2], encoding="utf-8") as lines, open(sys.argv[3], "rb") as body:
        pairs = (line.split(":", 1) for line in lines if ":" in line)
        headers = {name.strip().lower(): value.strip() for name, value in pairs}
        sys.exit(0 if verify(sys.argv[1], headers, body.read()) else 1)
