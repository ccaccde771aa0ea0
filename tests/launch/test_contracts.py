"""The import contracts name modules one by one where a package holds a stand-in: none may be missing."""

import tomllib

import pytest

from integration.launch.state import ROOT

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]


STRANGERS, UNKNOWING = [contract for contract in CONTRACTS if "stand-ins" in contract["name"]]
APART = {"__init__", "migrations", "sandbox"}


@pytest.mark.parametrize("package", ["platform_client", "psa_connectwise"])
def test_every_module_beside_a_stand_in_is_kept_apart_from_it(package: str) -> None:
    inside = list((ROOT / package).iterdir())
    modules = {path.stem for path in inside if path.suffix == ".py"}
    modules |= {path.name for path in inside if (path / "__init__.py").exists()}
    named = {f"{package}.{name}" for name in modules - APART}
    assert named <= set(STRANGERS["forbidden_modules"])
    assert named <= set(UNKNOWING["source_modules"])
