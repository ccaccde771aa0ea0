"""Production's files name only what exists: no engine is needed to see that."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

from integration.launch.state import ROOT, dotenv

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "linebridge"}
DOCKERFILE = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
EXAMPLE = (ROOT / ".env.example").read_text()
IN_EXAMPLE = set(re.findall(r"^#?([A-Z][A-Z_]+)=", EXAMPLE, re.MULTILINE))
ONLY_COMPOSE = {"POSTGRES_PASSWORD", "WEB_ADDRESS"}
READERS = ("settings.py", "environment.py", "single_sign_on/configured.py")
SETTINGS = "".join((ROOT / "integration" / name).read_text() for name in READERS)


def instructions(word: str) -> list[str]:
    return re.findall(rf"^{word}\s+(.+)$", DOCKERFILE, re.MULTILINE)


def image_command() -> list[str]:
    command: list[str] = json.loads(instructions("CMD")[-1])
    return command


def included(path: str) -> bool:
    """Whether `.dockerignore`, which names what is let in, lets this in."""
    return f"!{path}" in (ROOT / ".dockerignore").read_text().splitlines()


def read_by_settings() -> set[str]:
    reading = r'(?:text|words|seconds|count|problem|remote_url|dj_db_url)\(\s*"([A-Z_]+)"'
    return set(re.findall(reading, SETTINGS))


def test_every_service_of_a_working_installation_is_there() -> None:
    assert set(SERVICES) == {"postgres", "redis", "migrate", "web", "worker", "beat"}
    assert set(OURS) == {"migrate", "web", "worker", "beat"}


def test_one_service_builds_the_image_and_the_others_start_after_it() -> None:
    """Compose builds side by side, and the engine refuses a second image of the same name."""
    assert [name for name, service in SERVICES.items() if "build" in service] == ["migrate"]
    rest = {name: service["depends_on"] for name, service in OURS.items() if name != "migrate"}
    assert all(waits["migrate"] for waits in rest.values())


def test_the_build_fetches_nothing_but_its_base_image_and_pinned_packages() -> None:
    """A `# syntax=` line would make the builder fetch itself from Docker Hub first."""
    assert not re.search(r"^#\s*syntax\s*=", DOCKERFILE, re.MULTILINE | re.IGNORECASE)
    assert not instructions("ADD")


def test_the_image_is_compiled_as_it_cannot_compile_itself_later() -> None:
    assert all(service["read_only"] for service in OURS.values())
    [compiling] = [run for run in instructions("RUN") if "compileall" in run]
    assert compiling.split()[-1] == "."
    assert DOCKERFILE.index("COPY . .") < DOCKERFILE.index(compiling)


@pytest.mark.parametrize("name", OURS)
def test_services_wait_for_services_that_exist_and_can_tell(name: str) -> None:
    for other, wait in SERVICES[name]["depends_on"].items():
        healthy = wait["condition"] == "service_healthy"
        assert ("healthcheck" in SERVICES[other]) == healthy


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"migrate"}))
def test_what_runs_on_is_watched_and_restarted(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["healthcheck"]["test"]
    assert {"max-size", "max-file"} <= set(SERVICES[name]["logging"]["options"])


def test_volumes_are_declared_and_postgres_keeps_its_data_where_its_image_wants_them() -> None:
    mounted = {volume.split(":")[0] for s in SERVICES.values() for volume in s.get("volumes", [])}
    assert mounted == set(COMPOSE["volumes"])
    assert SERVICES["postgres"]["volumes"] == ["postgres-data:/var/lib/postgresql"]
    assert "--builtin-locale=C.UTF-8" in SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"]


def test_only_the_web_server_is_published_and_on_loopback_unless_told() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"web"}
    assert SERVICES["web"]["ports"] == ["${WEB_ADDRESS:-127.0.0.1:8000}:8000"]
    assert instructions("EXPOSE") == ["8000"]


def test_variables_of_the_containers_are_variables_of_the_settings() -> None:
    for service in OURS.values():
        assert set(service["environment"]) <= read_by_settings()
    in_run = re.findall(r"\b([A-Z_]+)=\S", " ".join(instructions("RUN")))
    assert set(in_run) <= read_by_settings()
    compose = (ROOT / "docker-compose.yml").read_text()
    assert set(re.findall(r"\$\{([A-Z_]+)", compose)) == ONLY_COMPOSE


def test_the_example_names_what_settings_read_each_with_a_comment() -> None:
    assert read_by_settings() | ONLY_COMPOSE == IN_EXAMPLE
    for paragraph in re.split(r"\n(?=# )", EXAMPLE):
        assert paragraph.startswith("# ")


def test_the_example_sets_no_secret_and_nothing_unsafe() -> None:
    chosen = {name: value for name, value in dotenv(ROOT / ".env.example").items() if value}
    assert set(chosen) == {"ALLOWED_HOSTS"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_commands_can_be_run(name: str) -> None:
    program, *arguments = OURS[name].get("command", image_command())
    if program == "python":
        assert (ROOT / arguments[0]).exists()
        assert arguments[1] in get_commands()
    elif program == "celery":
        assert arguments[:3] == ["-A", "integration", "-q"]
        assert import_module("integration.celery").app.main == "integration"
        assert arguments[3] in {"worker", "beat"}
    else:
        assert program == "gunicorn"
        assert callable(import_module(arguments[0]).application)


@pytest.mark.parametrize(
    "command", [image_command(), *(s["command"] for s in OURS.values() if "command" in s)]
)
def test_programs_know_their_options(command: list[str]) -> None:
    if command[0] == "python":
        return
    words = command[: command.index("--pool")] if "--pool" in command else command[:5]
    verb = [word for word in words if word in {"worker", "beat"}]
    program = Path(sys.executable).with_name(command[0])
    app = ["-A", "integration"] if verb else []
    told = subprocess.run(
        [program, *app, *verb, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not [word for word in command if word.startswith("--") and word not in told.stdout]


def test_the_image_holds_every_package_of_ours_and_nothing_of_the_demo() -> None:
    ours = {
        app.split(".")[0] for app in settings.INSTALLED_APPS if (ROOT / app.split(".")[0]).is_dir()
    }
    assert ours
    assert all(included(package) for package in (*ours, "wire", "manage.py", "requirements.txt"))
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert not [line for line in lines if line.startswith("!") and not (ROOT / line[1:]).exists()]
    assert "**/sandbox" in lines
    assert not included(".env") and not included(".state")


def test_copied_paths_exist() -> None:
    for copy in instructions("COPY"):
        *sources, _target = [word for word in copy.split() if not word.startswith("--")]
        if "--from=build" not in copy:
            assert all((ROOT / source).exists() for source in sources)
            assert all(source == "." or included(source) for source in sources)


def test_the_image_installs_pinned_packages_and_runs_as_nobody_special() -> None:
    [install] = [run for run in instructions("RUN") if " -m pip " in run]
    assert {"--require-hashes", "-r", "/tmp/requirements.txt"} <= set(shlex.split(install))
    assert instructions("USER") == ["linebridge"]
    assert DOCKERFILE.rindex("USER") > DOCKERFILE.rindex("RUN")
    assert all(
        re.fullmatch(r"python:3\.\d+-slim( AS build)?", base) for base in instructions("FROM")
    )


def test_compose_accepts_the_file(tmp_path: Path) -> None:
    compose = find_compose()
    if compose is None:
        if os.environ.get("CI"):
            pytest.fail("docker-compose is missing, though .ci/run installs it")
        pytest.skip("neither docker-compose nor docker compose is on this computer")
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    filled = EXAMPLE.replace("POSTGRES_PASSWORD=", "POSTGRES_PASSWORD=letters")
    (tmp_path / ".env").write_text(filled)
    answer = subprocess.run(
        [*compose, "config"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    read = yaml.safe_load(answer.stdout)
    assert set(read["services"]) == set(SERVICES)
    assert read["services"]["web"]["environment"]["DATABASE_URL"] == (
        "postgres://linebridge:letters@postgres:5432/linebridge"
    )


def find_compose() -> list[str] | None:
    for command in (["docker-compose"], ["docker", "compose"]):
        if (
            shutil.which(command[0])
            and not subprocess.run(
                [*command, "version"], capture_output=True, check=False
            ).returncode
        ):
            return command
    return None


def test_the_web_server_keeps_a_connection_longer_than_a_proxy_in_front_of_it_does() -> None:
    command = image_command()
    assert int(command[command.index("--keep-alive") + 1]) > 60
