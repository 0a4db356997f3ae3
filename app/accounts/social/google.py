"""Google, by OpenID Connect: the address book it publishes, the code for a token, and the token's signature."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from app.accounts.social.flow import Flow
from app.accounts.social.providers import AWAY, Identity, NotProven, Provider, ask, callback_of, text_of
from app.core import clock
from app.core.exchange import Call, Json
from app.core.http import Client
from app.core.settings import Settings

DISCOVERY = "/.well-known/openid-configuration"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
ALGORITHMS = ["RS256"]  # ours to say, never the token's header: `none` and the keyed ones would need no key of Google's
SCOPE = "openid email profile"
LEEWAY_S = 60
KEPT_S = 3600.0
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
T = TypeVar("T")


class _Kept:
    """What a provider publishes, asked for once an hour."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, tuple[float, Any]] = {}

    def get(self, url: str, ask: Callable[[], T], *, fresh: bool = False) -> T:
        with self._lock:
            until, value = self._found.get(url, (0.0, None))
        if fresh or clock.monotonic() >= until:
            value = ask()
            with self._lock:
                self._found[url] = (clock.monotonic() + KEPT_S, value)
        return value  # type: ignore[no-any-return]


_kept = _Kept()


class Google:
    def __init__(self, settings: Settings, client: Client) -> None:
        self._settings = settings
        self._client = client
        self._issuer = settings.google_accounts_url
        self._id = settings.google_client_id or ""
        self._redirect_uri = callback_of(Provider.GOOGLE, settings)

    def address(self, flow: Flow) -> str:
        return str(
            prepare_grant_uri(
                self._published()["authorization_endpoint"],
                self._id,
                "code",
                redirect_uri=self._redirect_uri,
                scope=SCOPE,
                state=flow.state,
                nonce=flow.nonce,
                code_challenge=flow.challenge,
                code_challenge_method="S256",
                prompt="select_account",  # nobody is signed in, or linked, without having seen as whom
            )
        )

    def identify(self, flow: Flow, code: str) -> Identity:
        form = prepare_token_request(
            "authorization_code",
            code=code,
            redirect_uri=self._redirect_uri,
            client_id=self._id,
            client_secret=self._settings.google_client_secret,
            code_verifier=flow.verifier,
        )
        token = ask(self._client, Call("POST", self._published()["token_endpoint"], body=form.encode(), headers=FORM))
        return _identity(self._claims(flow, token))

    def _claims(self, flow: Flow, token: Json) -> Json:
        """Of an id token that Google signed, for us, just now, for this very visit (OpenID Connect Core, 3.1.3.7)."""
        try:
            signed = self._verified(text_of(token, "id_token", 16_384) or "")
            claims = CodeIDToken(
                signed.claims,
                signed.header,
                {"iss": {"essential": True, "value": self._issuer}, "aud": {"essential": True, "value": self._id}},
                {"nonce": flow.nonce, "client_id": self._id, "access_token": token.get("access_token")},
            )
            claims.validate(now=int(clock.now().timestamp()), leeway=LEEWAY_S)
        except (JoseError, AuthlibBaseError, ValueError, TypeError, KeyError) as error:
            raise NotProven(f"id token: {type(error).__name__}") from None
        return dict(claims)

    def _verified(self, id_token: str) -> jwt.Token:
        registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        try:
            return jwt.decode(id_token, self._keys(), registry=registry)
        except InvalidKeyIdError:  # keys are changed every few weeks
            return jwt.decode(id_token, self._keys(fresh=True), registry=registry)

    def _keys(self, *, fresh: bool = False) -> KeySet:
        url = self._published()["jwks_uri"]
        return _kept.get(url, lambda: KeySet.import_key_set(ask(self._client, Call("GET", url))), fresh=fresh)  # type: ignore[arg-type]

    def _published(self) -> Json:
        url = self._issuer + DISCOVERY
        return _kept.get(url, lambda: self._checked(ask(self._client, Call("GET", url))))

    def _checked(self, found: Json) -> Json:
        """What says that it is Google's, and keeps to TLS where Google does (OpenID Connect Discovery, 4.3)."""
        scheme = urlsplit(self._issuer).scheme
        is_whole = all(urlsplit(text_of(found, name, 2048) or "").scheme in (scheme, "https") for name in ENDPOINTS)
        if found.get("issuer") != self._issuer or not is_whole:
            raise NotProven("discovery document", AWAY)
        return found


def _identity(claims: Json) -> Identity:
    subject = text_of(claims, "sub", 255)
    if subject is None:
        raise NotProven("id token: no subject")
    email = text_of(claims, "email", 254)
    is_verified = email is not None and claims.get("email_verified") in (True, "true")
    return Identity(Provider.GOOGLE, subject, email, is_verified, text_of(claims, "name", 120))
