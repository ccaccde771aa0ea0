"""The clients could be lifted out: none of them needs Django."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("package", ["platform_client", "psa_connectwise"])
def test_a_client_works_without_django(package: str) -> None:
    code = (
        f"import sys, {package}.client, {package}.errors, {package}.schemas; "
        "sys.exit('django' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
