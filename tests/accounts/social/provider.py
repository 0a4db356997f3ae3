"""A small sign-in provider on a loopback port, in the forms of Google and of Facebook: for tests, and by hand with
`python -m tests.accounts.social.provider --port 9400` (it prints the variables that Kalitrack needs)."""

from __future__ import annotations

import argparse
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask import Flask, Response, abort, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from markupsafe import escape

CLIENT_ID, SECRET = "kalitrack-here", "a-secret-between-us"
ANA = {"sub": "1001", "email": "ana@example.com", "email_verified": True, "name": "Ana Lima"}
BIA = {"sub": "1002", "email": "bia@example.com", "email_verified": True, "name": "Bia Souza"}
CARL = {"sub": "1003", "email": "carl@example.com", "email_verified": False, "name": "Carl Unverified"}


def new_key(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"})


@dataclass
class LocalProvider:
    """`person` is whom the browser comes back as; with `asks` a page lets one choose first. A test bends what it says:
    `claims` replace those of the id token, `header` its header, `signs_with` the key; `fails` is a status of the token
    endpoint, `error` what it says instead of a code, `code` the code itself."""

    url: str = ""
    asks: bool = False
    person: dict[str, Any] = field(default_factory=lambda: dict(ANA))
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    signs_with: RSAKey | None = None
    id_token: str | None = None
    fails: int | None = None
    error: str | None = None
    code: str | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    key: RSAKey = field(default_factory=lambda: new_key("first"))
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)

    def reset(self) -> None:
        self.person, self.asks = dict(ANA), False
        self.claims, self.header, self.signs_with, self.id_token = {}, {}, None, None
        self.fails = self.error = self.code = None
        self.asked.clear()

    def discovery(self) -> Response:
        return jsonify(
            issuer=self.url,
            authorization_endpoint=f"{self.url}/authorize",
            token_endpoint=f"{self.url}/token",
            jwks_uri=f"{self.url}/jwks",
            userinfo_endpoint=f"{self.url}/userinfo",
            response_types_supported=["code"],
            id_token_signing_alg_values_supported=["RS256"],
            code_challenge_methods_supported=["S256"],
        )

    def jwks(self) -> Response:
        return jsonify(keys=[self.key.as_dict(private=False)])

    def authorize(self, version: str | None = None) -> Response:
        """Google's page, and Facebook's dialog."""
        wanted = request.args.to_dict()
        self.asked.append(wanted)
        if wanted.get("client_id") != CLIENT_ID or wanted.get("response_type") != "code":
            abort(400)
        if not wanted.get("code_challenge") or wanted.get("code_challenge_method") != "S256":
            abort(400)
        chosen = request.args.get("as")
        if self.asks and chosen is None:
            return self._choice(wanted)
        person = next((one for one in (ANA, BIA, CARL) if one["sub"] == chosen), self.person)
        return self._send_back(wanted, person)

    def token(self, version: str | None = None) -> Response:
        form = request.form
        kept = self.codes.pop(form.get("code", ""), None)  # used up whatever follows
        if self.fails is not None:
            abort(self.fails)
        is_ours = form.get("client_id") == CLIENT_ID and form.get("client_secret") == SECRET
        if kept is None or not is_ours or form.get("grant_type") != "authorization_code":
            return _refusal("invalid_grant")
        if form.get("redirect_uri") != kept["redirect_uri"]:
            return _refusal("invalid_grant")
        if create_s256_code_challenge(form.get("code_verifier", "")) != kept["challenge"]:
            return _refusal("invalid_grant")
        access_token = secrets.token_urlsafe(24)
        self.tokens[access_token] = kept["person"]
        answer = {"access_token": access_token, "token_type": "Bearer", "expires_in": 3600}
        if version is None:
            answer["id_token"] = self.id_token or self._signed(kept)
        return jsonify(answer)

    def userinfo(self) -> Response:
        return jsonify(self._person_of_token())

    def me(self, version: str) -> Response:
        """Facebook's profile; without an address where the person has none."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        proof = hmac.new(SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()
        if request.args.get("appsecret_proof") != proof:
            abort(400)
        person = self._person_of_token()
        return jsonify(id=person["sub"], name=person["name"], email=person["email"])

    def _person_of_token(self) -> dict[str, Any]:
        found = self.tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        return found if found is not None else abort(401)

    def _signed(self, kept: dict[str, Any]) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 3600, "nonce": kept["nonce"]}
        header = {"alg": "RS256", "kid": self.key.kid}
        return str(jwt.encode(header | self.header, claims | kept["person"] | self.claims, self.signs_with or self.key))

    def _send_back(self, wanted: dict[str, str], person: dict[str, Any]) -> Response:
        back = {"state": wanted.get("state", "")}
        if self.error is not None or request.args.get("as") == "nobody":
            back |= {"error": self.error or "access_denied"}
        else:
            back["code"] = self.code or secrets.token_urlsafe(24)
            self.codes[back["code"]] = {
                "redirect_uri": wanted["redirect_uri"],
                "challenge": wanted["code_challenge"],
                "nonce": wanted.get("nonce"),
                "person": person,
            }
        return redirect(f"{wanted['redirect_uri']}?{urlencode(back)}")  # type: ignore[return-value]

    def _choice(self, wanted: dict[str, str]) -> Response:
        """Who one is there, to click on."""
        people = [(str(one["sub"]), str(one["name"])) for one in (ANA, BIA, CARL)]
        links = "".join(
            f'<p><a href="?{escape(urlencode(wanted | {"as": sub}))}">{name}</a></p>'
            for sub, name in (*people, ("nobody", "Cancel"))
        )
        title = "<title>Local sign-in provider</title><h1>Who are you?</h1>"
        return Response(f'<!doctype html><html lang="en"><link rel="icon" href="data:,">{title}{links}</html>')


def _refusal(error: str) -> Response:
    answer = jsonify(error=error)
    answer.status_code = 400
    return answer


def app_of(provider: LocalProvider) -> Flask:
    app = Flask("provider")
    app.add_url_rule("/.well-known/openid-configuration", view_func=provider.discovery)
    for rule in ("/authorize", "/<version>/dialog/oauth"):
        app.add_url_rule(rule, view_func=provider.authorize)
    for rule in ("/token", "/<version>/oauth/access_token"):
        app.add_url_rule(rule, view_func=provider.token, methods=["POST"])
    app.add_url_rule("/jwks", view_func=provider.jwks)
    app.add_url_rule("/userinfo", view_func=provider.userinfo)
    app.add_url_rule("/<version>/me", view_func=provider.me)
    return app


def variables(url: str) -> dict[str, str]:
    """What Kalitrack needs to take this provider for both."""
    return {
        "google_client_id": CLIENT_ID,
        "google_client_secret": SECRET,
        "google_accounts_url": url,
        "facebook_app_id": CLIENT_ID,
        "facebook_app_secret": SECRET,
        "facebook_dialog_url": url,
        "meta_graph_url": url,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9400)
    parser.add_argument("--at-once", action="store_true", help="send everybody back as Ana, without asking")
    options = parser.parse_args()
    url = f"http://127.0.0.1:{options.port}"
    for name, value in variables(url).items():
        print(f"{name.upper()}={value}")
    provider = LocalProvider(url=url, asks=not options.at_once)
    app_of(provider).run("127.0.0.1", options.port, threaded=True)


if __name__ == "__main__":
    main()
