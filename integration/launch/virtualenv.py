"""Builds `.venv` from the hash-pinned requirements: seconds when cold, nothing when up to date."""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from integration.launch import machine
from integration.launch.processes import run_tool
from integration.launch.state import ROOT, LaunchError

FOLDER = ROOT / ".venv"
PYTHON = FOLDER / "bin" / "python"
STAMP = FOLDER / "linebridge.json"
TOOLS = ROOT / ".state" / "tools"
REQUIREMENTS = ROOT / "requirements-dev.txt"
UV_REQUIREMENTS = ROOT / "requirements-uv.txt"
QUIETLY = ("--quiet", "--disable-pip-version-check", "--root-user-action=ignore")
LOCKED = ("requirements", "requirements-dev", "requirements-uv")


def ensure() -> Path:
    """The environment's Python, after building or updating the environment where needed."""
    wanted = fingerprint()
    kept = read_stamp()
    if kept == wanted and PYTHON.exists():
        return PYTHON
    if kept.get("interpreter", wanted["interpreter"]) != wanted["interpreter"] or not works():
        shutil.rmtree(FOLDER, ignore_errors=True)
    print("Installing what Linebridge needs into .venv …", flush=True)
    STAMP.unlink(missing_ok=True)
    if not FOLDER.exists():
        run(base_python(), "-m", "venv", "--without-pip", str(FOLDER))
    install()
    STAMP.write_text(json.dumps(wanted))
    return PYTHON


def fingerprint() -> dict[str, str]:
    """Changes with the interpreter (a .venv of another one can't load its modules) or a pin."""
    return {
        "interpreter": f"{sys.version} {sysconfig.get_platform()} {os.path.realpath(sys.base_prefix)}",
        "requirements": hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest(),
    }


def read_stamp() -> dict[str, str]:
    """What `.venv` was made of; nothing where it was not made, or not to its end."""
    try:
        stamp: dict[str, str] = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp


def works() -> bool:
    """False for a folder that is missing, half made, or made by a Python that has gone or changed."""
    code = "import sys; print(sys.version, sys.base_prefix)"
    try:
        found = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return found.stdout.strip() == f"{sys.version} {sys.base_prefix}"


def base_python() -> str:
    """The interpreter itself, also when the launcher runs inside the environment it rebuilds."""
    return str(getattr(sys, "_base_executable", sys.executable))


def install() -> None:
    """uv takes a third of pip's time; pip knows this computer's mirrors and certificates better."""
    compiled = ["--require-hashes", "--compile-bytecode", "--python", str(PYTHON)]
    try:
        run(uv(), "pip", "sync", "--quiet", *compiled, str(REQUIREMENTS))
    except LaunchError:
        print("uv could not; pip tries, which takes longer …", flush=True)
        inside = [*pip(), "--python", str(PYTHON), "install", *QUIETLY]
        run(*inside, "--require-hashes", "-r", str(REQUIREMENTS))


def run(*command: str) -> None:
    """Its own words stand above ours in the terminal."""
    if run_tool(list(command)):
        raise LaunchError(f"`{' '.join(command)}` failed.")


def uv() -> str:
    """The pinned uv, fetched by the pip at hand and checked against its hashes."""
    folder = TOOLS / hashlib.sha256(UV_REQUIREMENTS.read_bytes()).hexdigest()[:12]
    binary = folder / "bin" / "uv"
    if not binary.exists():
        target = ["--target", str(folder), "--no-deps", "--upgrade"]
        pinned = ["--require-hashes", "-r", str(UV_REQUIREMENTS)]
        run(*pip(), "install", *QUIETLY, *target, *pinned)
    return str(binary)


def pip() -> list[str]:
    """The host's pip, else one out of ensurepip, else Debian's package where we may install it."""
    if has_module("pip"):
        return [base_python(), "-m", "pip"]
    if not has_module("ensurepip"):
        machine.apt_install("python3-pip")
        if machine.has_command("pip3"):
            return ["pip3"]
        raise LaunchError(
            "This Python has no pip: install python3-pip (or python3-venv), try again."
        )
    helper = TOOLS / "pip"
    run(base_python(), "-m", "venv", "--clear", str(helper))
    return [str(helper / "bin" / "python"), "-m", "pip"]


def has_module(name: str) -> bool:
    """Asks the base interpreter: inside an environment ours would answer for the environment."""
    if sys.prefix == sys.base_prefix:
        return importlib.util.find_spec(name) is not None
    return not subprocess.run(
        [base_python(), "-c", f"import {name}"], capture_output=True, check=False
    ).returncode


def lock(options: list[str]) -> None:
    """Writes every requirements*.txt from its .in file; the files name no index."""
    compiler = [uv(), "pip", "compile", "--quiet", "--generate-hashes", "--python-version", "3.11"]
    for name in LOCKED:
        run(*compiler, *options, f"{name}.in", "-o", f"{name}.txt")
        print(f"{name}.txt is written.")
