"""Sockets that obey one deadline for the whole exchange, however slowly bytes drip in.

requests' own time-out starts anew with every byte received. Here the attempt under way is known
to the sockets (by a context variable), and each send and receive may last only as long as is left.
Only the resolver's look-up of the host name has limits of its own.
"""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.ssl_ import create_urllib3_context

# A host that is there says so at once: the rest of the time-out is for its answer.
CONNECT_SECONDS = 10.0


@dataclass(slots=True)
class Attempt:
    """One try of one request; `never_connected` means that not a byte of it went out."""

    deadline: float
    never_connected: bool = False

    def left(self) -> float:
        """Seconds until the deadline; raises TimeoutError once it has passed."""
        seconds = self.deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("timed out")
        return seconds


_current: ContextVar[Attempt | None] = ContextVar("attempt", default=None)


@contextmanager
def attempting(seconds: float) -> Iterator[Attempt]:
    """What this thread's sockets do within is one attempt of at most so many seconds."""
    attempt = Attempt(deadline=time.monotonic() + seconds)
    token = _current.set(attempt)
    try:
        yield attempt
    finally:
        _current.reset(token)


def _limit(sock: socket.socket) -> None:
    if attempt := _current.get():
        sock.settimeout(attempt.left())


class DeadlineSocket(socket.socket):
    """A plain socket under the attempt's deadline.

    `http.client` reads by `recv_into` and writes by `sendall`, and by nothing else.
    """

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        _limit(self)
        return super().recv_into(*args, **kwargs)

    def sendall(self, data: Any, flags: int = 0) -> None:
        _limit(self)
        super().sendall(data, flags)


class DeadlineTLSSocket(ssl.SSLSocket):
    """A TLS socket under the attempt's deadline; its `sendall` calls `send` for each part."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        _limit(self)
        return super().recv_into(*args, **kwargs)

    def send(self, data: Any, flags: int = 0) -> int:
        _limit(self)
        return super().send(data, flags)


class _Connecting(HTTPConnection):
    """Connects within the deadline and notes when a connection never came about."""

    def connect(self) -> None:
        attempt = _current.get()
        if attempt is None:
            super().connect()
            return
        # Failing in here, TLS included, no byte of the request has left: even a write may be tried again.
        attempt.never_connected = True
        super().connect()
        attempt.never_connected = False

    def _new_conn(self) -> socket.socket:
        # As urllib3 does it, which offers no other way to sockets of one's own kind; and its time-out
        # holds for each address anew, where ours holds for all of them.
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise NameResolutionError(self.host, self, socket.gaierror(str(error))) from error
        failure: OSError = OSError("no address")
        for family, kind, protocol, _, address in found:
            try:
                return self._open(family, kind, protocol, address)
            except OSError as error:
                failure = error
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, "timed out") from failure
        raise NewConnectionError(self, str(failure)) from failure

    def _open(self, family: int, kind: int, protocol: int, address: Any) -> socket.socket:
        attempt = _current.get()
        sock = DeadlineSocket(family, kind, protocol)
        try:
            sock.settimeout(min(CONNECT_SECONDS, attempt.left()) if attempt else CONNECT_SECONDS)
            for option in self.socket_options or ():
                sock.setsockopt(*option)
            sock.connect(address)
            # The TLS handshake follows under this limit.
            _limit(sock)
        except BaseException:
            sock.close()
            raise
        return sock


class _ConnectingTLS(_Connecting, HTTPSConnection):
    """The same under TLS."""


class _Pool(HTTPConnectionPool):
    """Of such connections."""

    ConnectionCls = _Connecting


class _TLSPool(HTTPSConnectionPool):
    """Of such connections under TLS."""

    ConnectionCls = _ConnectingTLS


class DeadlineAdapter(HTTPAdapter):
    """Mounts these sockets under a requests session; no retries of its own."""

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        context = create_urllib3_context()
        context.sslsocket_class = DeadlineTLSSocket
        self.poolmanager = PoolManager(
            connections, maxsize=maxsize, block=block, ssl_context=context, **pool_kwargs
        )
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}
