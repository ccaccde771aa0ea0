"""What both remotes publish of themselves, kept beside the tests that hold us to it.

`connectwise.json` has the models of version 2026.4 that we read and write; `connectwise_errors.json`
the refusals that were found recorded somewhere (`verbatim`: body and all); `platform.yaml` is the
whole contract of the commerce Platform.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent


@cache
def connectwise() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((HERE / "connectwise.json").read_text("utf-8"))
    return loaded


@cache
def connectwise_errors() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads((HERE / "connectwise_errors.json").read_text("utf-8"))
    return loaded


@cache
def platform() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((HERE / "platform.yaml").read_text("utf-8"))
    return loaded
