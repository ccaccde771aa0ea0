"""One deadline for the whole exchange, against servers that drip, stall, break off or overflow."""

import datetime as dt
import itertools
import socket
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.wire.servers import answer, free_port, serving
from wire.errors import ConfigError, OutcomeUnknown, TransientError
from wire.session import RemoteSession

TIMEOUT = 0.4
# Far below what the servers would take, far above what a busy machine adds.
MARGIN = 5.0


def make_session(**options: object) -> RemoteSession:
    defaults: dict[str, object] = {
        "service": "Remote",
        "timeout": TIMEOUT,
        "headers": {},
        "sleep": lambda seconds: None,
        "tries": 1,
    }
    return RemoteSession(**(defaults | options))  # type: ignore[arg-type]


def drip(connection: socket.socket, data: bytes) -> None:
    """One byte after another, each well within an ordinary read time-out."""
    for byte in data:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def drip_headers(connection: socket.socket) -> None:
    drip(connection, b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 1000)


def drip_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    drip(connection, b"a" * 1000)


def drip_chunks(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    drip(connection, b"1\r\na\r\n" * 500)


def stay_silent(connection: socket.socket) -> None:
    time.sleep(20)


@pytest.mark.parametrize("script", [drip_headers, drip_body, drip_chunks, stay_silent])
@pytest.mark.parametrize(("method", "error"), [("GET", TransientError), ("POST", OutcomeUnknown)])
def test_the_deadline_is_total(script: object, method: str, error: type[Exception]) -> None:
    with serving(script) as server:  # type: ignore[arg-type]
        started = time.monotonic()
        with pytest.raises(error, match=r"no complete answer within 0\.4 seconds"):
            make_session().request(method, server.url)
        assert time.monotonic() - started < TIMEOUT + MARGIN
        assert len(server.requests) == 1


def test_a_connection_is_kept_and_each_request_has_its_own_deadline() -> None:
    """Together they take longer than one may; a busy machine leaves each far within its own."""
    connections = itertools.count()
    deadline = 2.0

    def keep_answering(connection: socket.socket) -> None:
        next(connections)
        connection.sendall(answer())
        while connection.recv(65536):
            time.sleep(deadline * 0.35)
            connection.sendall(answer())

    with serving(keep_answering) as server:
        session = make_session(timeout=deadline)
        for _ in range(4):
            assert session.request("GET", server.url).status == 200
        assert next(connections) == 1


def break_off(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")


@pytest.mark.parametrize(("method", "error"), [("GET", TransientError), ("POST", OutcomeUnknown)])
def test_an_answer_that_breaks_off_is_no_answer(method: str, error: type[Exception]) -> None:
    with serving(break_off) as server, pytest.raises(error, match="broke off"):
        make_session().request(method, server.url)


def test_a_refusal_counts_even_when_its_words_are_lost() -> None:
    def refuse(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 1000\r\n\r\n{")

    with serving(refuse) as server:
        got = make_session().request("POST", server.url)
    assert (got.status, got.body) == (400, b"")


def test_an_endless_answer_is_cut() -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"2000\r\n" + b"a" * 0x2000 + b"\r\n")

    with serving(flood) as server, pytest.raises(TransientError, match="longer than 100000"):
        make_session(timeout=5, max_bytes=100_000).request("GET", server.url)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refused_connection_never_carried_anything(method: str) -> None:
    slept: list[float] = []
    session = make_session(tries=3, sleep=slept.append)
    with pytest.raises(TransientError, match="the connection was refused"):
        session.request(method, f"http://127.0.0.1:{free_port()}")
    assert len(slept) == 2


def test_a_name_that_does_not_resolve_is_said_so() -> None:
    with pytest.raises(TransientError, match=r"no-such-host\.invalid: the name does not resolve"):
        make_session(timeout=10).request("POST", "http://no-such-host.invalid/")


def certificate(folder: Path) -> Path:
    """A self-signed certificate for localhost, key and all in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path))
    return context


@pytest.mark.parametrize("script", [drip_headers, drip_body])
def test_the_deadline_is_total_over_tls_too(
    script: object, tls: ssl.SSLContext, tmp_path: Path
) -> None:
    session = make_session()
    session._http.verify = str(tmp_path / "server.pem")
    with serving(script, tls=tls) as server:  # type: ignore[arg-type]
        started = time.monotonic()
        with pytest.raises(OutcomeUnknown, match="no complete answer"):
            session.request("POST", f"https://localhost:{server.port}")
        assert time.monotonic() - started < TIMEOUT + MARGIN


def test_an_untrusted_certificate_stops_at_once(tls: ssl.SSLContext) -> None:
    with serving(stay_silent, tls=tls) as server:
        session = make_session(tries=3, sleep=pytest.fail)
        with pytest.raises(ConfigError, match="certificate that is not trusted"):
            session.request("POST", f"https://localhost:{server.port}")
    assert server.requests == []


def test_a_handshake_that_stalls_never_carried_anything() -> None:
    with serving(stay_silent) as server:
        started = time.monotonic()
        with pytest.raises(TransientError, match="could not be reached"):
            make_session().request("POST", f"https://localhost:{server.port}")
        assert time.monotonic() - started < TIMEOUT + MARGIN


def test_cookies_are_not_kept() -> None:
    def bake(connection: socket.socket) -> None:
        connection.sendall(answer("200 OK", b"{}", "Set-Cookie: a=b; Path=/", "Connection: close"))

    with serving(bake) as server:
        session = make_session()
        for _ in range(2):
            session.request("GET", server.url)
    assert b"cookie" not in server.requests[1].lower()
