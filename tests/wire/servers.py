"""Small servers on loopback that misbehave at the level of bytes."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ssl import SSLContext

Script = Callable[[socket.socket], None]


@dataclass
class RawServer:
    """Runs a script on each connection, after the request came in; counts the requests."""

    port: int
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(script: Script, *, tls: SSLContext | None = None) -> Iterator[RawServer]:
    """A server whose connections are closed when the script returns."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = RawServer(port=listener.getsockname()[1])
    stopped = threading.Event()

    def handle(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            wrapped = tls.wrap_socket(connection, server_side=True) if tls else connection
            with wrapped:
                request = wrapped.recv(65536)
                if request:
                    server.requests.append(request)
                    script(wrapped)

    def accept() -> None:
        while not stopped.is_set():
            with suppress(OSError):
                connection, _ = listener.accept()
                threading.Thread(target=handle, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        stopped.set()
        with suppress(OSError):
            # Wakes the accept, which a close alone would not.
            socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
        listener.close()
        thread.join(timeout=5)


def answer(status: str = "200 OK", body: bytes = b"{}", *headers: str) -> bytes:
    """A complete HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def free_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
