"""The two stand-in servers of the demo, and the variables that point the product at them.

Settings saved in the demo's database keep these addresses, so the ports stay the same from one day
to the next as long as they are free.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from integration.launch import machine
from integration.launch.processes import Service, Stack
from integration.launch.state import State, write_private

COMPANY = "kontor"
CLIENT = "5f0c7f3e-3f43-4d4c-9f0e-2f8b6c1d7a90"
# The times are short, so that a lost reply of the fault dial is settled while one watches.
VARIABLES = {
    "CONNECTWISE_TIMEOUT_SECONDS": "10",
    "CONNECTWISE_SETTLE_SECONDS": "15",
    "DEFAULT_AGREEMENT_TYPE": "Cloud Subscriptions",
}


@dataclass(frozen=True)
class StandIn:
    """One of the two: its module and how its credentials are told to it and to the product."""

    name: str
    module: str
    port: int
    url_variable: str
    credentials: dict[str, tuple[str, str]]  # the product's variable: the option, the value

    def variables(self, port: int) -> dict[str, str]:
        """How the product reaches it there."""
        values = {name: value for name, (_option, value) in self.credentials.items()}
        return {self.url_variable: f"http://127.0.0.1:{port}", **values}

    def service(self, python: Path, port: int, state: State) -> Service:
        """Its process; its data outlive it in the state folder."""
        given = [f"{option}={value}" for option, value in self.credentials.values()]
        where = ["--port", str(port), "--state-file", str(state.folder / f"{self.name}.json")]
        return Service(
            name=self.name,
            command=[str(python), "-m", self.module, *where, *given],
            environment={"PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1"},
            ready=lambda: machine.answers(f"http://127.0.0.1:{port}/"),
        )


def describe(secrets: dict[str, str]) -> tuple[StandIn, StandIn]:
    """Both, with the keys that the launcher has made for them."""
    platform = {"PLATFORM_API_KEY": ("--api-key", secrets["platform"])}
    connectwise = {
        "CONNECTWISE_COMPANY_ID": ("--company-id", COMPANY),
        "CONNECTWISE_PUBLIC_KEY": ("--public-key", secrets["connectwise_public"]),
        "CONNECTWISE_PRIVATE_KEY": ("--private-key", secrets["connectwise_private"]),
        "CONNECTWISE_CLIENT_ID": ("--client-id", CLIENT),
    }
    return (
        StandIn("platform", "platform_client.sandbox", 8010, "PLATFORM_URL", platform),
        StandIn("connectwise", "psa_connectwise.sandbox", 8020, "CONNECTWISE_URL", connectwise),
    )


def start(stack: Stack, python: Path) -> dict[str, str]:
    """Starts both; returns the product's variables."""
    variables: dict[str, str] = dict(VARIABLES)
    kept = read_ports(stack.state)
    for standin in describe(stack.state.secrets()):
        port = machine.free_port(kept.get(standin.name, standin.port))
        kept[standin.name] = port
        service = standin.service(python, port, stack.state)
        stack.start(service)
        stack.wait_ready(service)
        variables |= standin.variables(port)
    write_private(stack.state.folder / "ports.json", json.dumps(kept))
    return variables


def read_ports(state: State) -> dict[str, int]:
    """Those of the last start: an address that was saved in the settings goes on working."""
    try:
        ports: dict[str, int] = json.loads((state.folder / "ports.json").read_text())
    except (OSError, ValueError):
        return {}
    return ports
