"""A small OpenID Connect provider on loopback, with real keys; it can be told to lie."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT_ID, CLIENT_SECRET = "linebridge", "planted-oidc-client-secret"
PERSON = {"sub": "subject-1", "email": "Nina@Reseller.example", "email_verified": True}


@dataclass
class StandIn:
    """What it says of whoever comes, and what it got."""

    url: str = ""
    person: dict[str, Any] = field(default_factory=lambda: dict(PERSON))
    lies: dict[str, Any] = field(default_factory=dict)  # claims in the place of the right ones
    metadata: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    signs_with: RSAKey | OctKey | None = None  # in the place of its own key
    algorithm: str = "RS256"
    lifetime: int = 300
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        } | self.metadata

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser is sent back to: everybody says yes here."""
        assert query["client_id"] == CLIENT_ID
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any]:
        """Only for the client itself, with the verifier of the challenge, once for each code."""
        client = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        asked = self.codes.pop(form["code"], None)
        if authorization != f"Basic {client}" or asked is None:
            return {"error": "invalid_client"}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + self.lifetime,
            "nonce": asked["nonce"],
            **self.person,
            **self.lies,
        }
        header = {"alg": self.algorithm, "kid": "one"}
        signed = jwt.encode(
            header,
            {name: value for name, value in claims.items() if value is not None},
            self.signs_with or self.key,
            algorithms=[self.algorithm],
        )
        return {"access_token": "planted-access-token", "token_type": "Bearer", "id_token": signed}


class Handler(BaseHTTPRequestHandler):
    """The stand-in's four addresses."""

    stand_in: StandIn

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.stand_in.asked.append(parts.path)
        if parts.path == "/authorize":
            self.send_response(302)
            self.send_header("Location", self.stand_in.authorize(_flat(parts.query)))
            self.end_headers()
        elif parts.path == "/keys":
            self._json({"keys": [self.stand_in.key.as_dict(private=False)]})
        else:
            self._json(self.stand_in.discovery())

    def do_POST(self) -> None:
        self.stand_in.asked.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        answer = self.stand_in.token(_flat(body), self.headers.get("Authorization", ""))
        self._json(answer, 400 if "error" in answer else 200)

    def _json(self, value: object, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_told: object) -> None:
        pass


def _flat(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}


@contextmanager
def providing() -> Iterator[StandIn]:
    stand_in = StandIn()
    handler = type("Handler", (Handler,), {"stand_in": stand_in})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
