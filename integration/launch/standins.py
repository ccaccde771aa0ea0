"""The two stand-in servers of the demo, and the variables that point the product at them."""

import json
import sys
from pathlib import Path

from integration.launch import machine
from integration.launch.processes import Service, Stack
from integration.launch.state import State, write_private

PREFERRED_PORTS = {"platform": 8110, "connectwise": 8120}


def start(stack: Stack, python: Path, environment: dict[str, str]) -> dict[str, str]:
    """Starts both; returns the product's variables."""
    return {}
