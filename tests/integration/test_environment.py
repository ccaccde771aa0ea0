"""What settings refuse, a line each; that `make demo`'s environment passes is seen by its own test."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from integration import environment
from integration.launch.state import ROOT

KEY = base64.urlsafe_b64encode(bytes(32)).decode()
PRODUCTION = {
    "SECRET_KEY": "abcdefghijklmnopqrstuvwxyz-0123456789-abcdefghijklmnopqrstuvwxyz",
    "FIELD_ENCRYPTION_KEY": KEY,
    "DATABASE_URL": "postgres://linebridge:secret@db.example.com:5432/linebridge",
    "REDIS_URL": "redis://redis.example.com:6379/0",
    "ALLOWED_HOSTS": "linebridge.example.com",
}
NEEDED = ["SECRET_KEY", "FIELD_ENCRYPTION_KEY", "DATABASE_URL", "REDIS_URL"]
WRONG = {
    "SECRET_KEY": "short",
    "FIELD_ENCRYPTION_KEY": "no-key",
    "DATABASE_URL": "mysql://db/linebridge",
    "REDIS_URL": "redis.sock",
    "ALLOWED_HOSTS": "*",
    "CSRF_TRUSTED_ORIGINS": "linebridge.example.com",
    "PLATFORM_URL": "http://platform.example.com",
    "CONNECTWISE_URL": "na.myconnectwise.net",
    "EMAIL_URL": "mail.example.com",
    "EMAIL_FROM": "nobody",
    "CONNECTWISE_TIMEOUT_SECONDS": "a minute",
    "CONNECTWISE_SETTLE_SECONDS": "0",
    "CONNECTWISE_MAX_REQUESTS_PER_MINUTE": "1.5",
    "CONNECTWISE_CONCURRENCY": "-1",
    "METRICS_TOKEN": "short",
    "SESSION_HOURS": "0",
    "SESSION_IDLE_MINUTES": "-5",
    "LOG_FORMAT": "xml",
    "PROXIES": "none",
    "LINEBRIDGE_LOOPBACK": "perhaps",
}


def manage(
    *arguments: str, program: str = "manage.py", **variables: str
) -> "subprocess.CompletedProcess[str]":
    """With these variables alone; one set to nothing can't be filled in by a `.env` file."""
    cleared = dict.fromkeys(WRONG, "")
    settings = {"LINEBRIDGE_STATE": "/nonexistent", "PATH": os.environ["PATH"]}
    return subprocess.run(
        [sys.executable, program, *arguments], env={**cleared, **settings, **variables},
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_file_fills_in_what_the_environment_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text("LOG_FORMAT=json\nSITE_URL='https://one.example'\nSECRET_KEY='a$b#c'\n")
    monkeypatch.setattr(os, "environ", os.environ.copy())
    for name in ("LOG_FORMAT", "SECRET_KEY"):
        os.environ.pop(name, None)
    os.environ["SITE_URL"] = ""
    environment.fill_in(file)
    environment.fill_in(tmp_path / "missing")
    told = [environment.text(name) for name in ("LOG_FORMAT", "SECRET_KEY", "SITE_URL")]
    assert told == ["json", "a$b#c", ""]


def names(output: str) -> list[str]:
    return [line.split()[0] for line in output.splitlines()]


@pytest.fixture
def problems(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Gathers what the test's own reading finds, from a clean environment."""
    noted: list[str] = []
    monkeypatch.setattr(environment, "_problems", noted)
    for name in WRONG:
        monkeypatch.delenv(name, raising=False)
    return noted


@pytest.mark.parametrize("name", NEEDED)
def test_manage_names_the_variable_that_is_missing(name: str) -> None:
    answer = manage("check", **{**PRODUCTION, name: ""})
    assert answer.returncode == 2
    [line] = answer.stderr.splitlines()
    assert line.startswith(f"{name} is missing: ")


def test_everything_that_is_wrong_is_told_at_once() -> None:
    answer = manage("check", **WRONG)
    assert answer.returncode == 2
    assert sorted(names(answer.stderr)) == sorted(WRONG)
    assert all(" is malformed: " in line for line in answer.stderr.splitlines())
    assert "short" not in answer.stderr and "no-key" not in answer.stderr


def test_a_missing_database_tells_of_the_demo() -> None:
    answer = manage("migrate", **{**PRODUCTION, "DATABASE_URL": ""})
    assert "`make demo`" in answer.stderr and "postgres://" in answer.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "celery", "-A", "integration", "worker"],
        ["-m", "celery", "-A", "integration", "beat"],
        ["-m", "gunicorn", "integration.wsgi", "--bind", "127.0.0.1:0", "--no-control-socket"],
    ],
)
def test_web_and_workers_end_with_the_same_line(command: list[str]) -> None:
    answer = manage(*command[1:], program=command[0], **{**PRODUCTION, "REDIS_URL": ""})
    assert answer.returncode == 3
    assert "REDIS_URL is missing: set redis://" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_database_that_does_not_answer_is_a_line_too() -> None:
    closed = "postgres://linebridge:secret@127.0.0.1:1/linebridge"
    answer = manage("migrate", **{**PRODUCTION, "DATABASE_URL": closed})
    assert answer.returncode == 2
    assert answer.stderr.splitlines()[-1].startswith("DATABASE_URL names a database that does not")
    assert "Traceback" not in answer.stderr and "secret" not in answer.stderr


def test_production_passes_djangos_own_deployment_check() -> None:
    answer = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert answer.returncode == 0, answer.stderr


def test_production_sends_cookies_over_tls_only_and_lets_no_script_read_the_session() -> None:
    names = "SESSION_COOKIE_SECURE CSRF_COOKIE_SECURE SESSION_COOKIE_HTTPONLY SECURE_SSL_REDIRECT"
    told = (
        f"from django.conf import settings as s; print([getattr(s, n) for n in '{names}'.split()])"
    )
    assert "[True, True, True, True]" in manage("shell", "-c", told, **PRODUCTION).stdout


@pytest.mark.parametrize(
    "url",
    [
        "https://na.myconnectwise.net",
        "https://na.myconnectwise.net/",
        "http://127.0.0.1:8020",
        "http://localhost",
        "",
    ],
)
def test_a_remotes_address_is_taken(
    url: str, problems: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTWISE_URL", url)
    assert environment.remote_url("CONNECTWISE_URL") == url.rstrip("/")
    assert problems == []


@pytest.mark.parametrize(
    "url",
    [
        "http://na.myconnectwise.net",
        "https://",
        "https://host:port",
        "https://platform.example.com/api/v1",
        "ftp://127.0.0.1",
        "platform",
    ],
)
def test_a_remotes_address_is_refused(
    url: str, problems: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATFORM_URL", url)
    assert environment.remote_url("PLATFORM_URL") == ""
    [problem] = problems
    assert problem.startswith("PLATFORM_URL is malformed: set https://host without a path")


@pytest.mark.parametrize("key", ["django-insecure-" + "abcdef" * 10, "a" * 60, "abcdef" * 8])
def test_a_weak_secret_key_is_refused(
    key: str, problems: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", key)
    environment.secret_key()
    assert names("\n".join(problems)) == ["SECRET_KEY"]


def test_two_encryption_keys_are_read_in_order(
    problems: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = base64.urlsafe_b64encode(b"x" * 32).decode()
    monkeypatch.setenv("FIELD_ENCRYPTION_KEY", f"{other}, {KEY}")
    assert environment.field_encryption_keys() == [other, KEY]
    assert problems == []


def test_the_demo_switch_is_refused_where_others_can_reach_the_server(
    problems: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINEBRIDGE_LOOPBACK", "true")
    monkeypatch.setenv("ALLOWED_HOSTS", "linebridge.example.com")
    environment.allowed_hosts(demo=environment.demo())
    assert names("\n".join(problems)) == ["LINEBRIDGE_LOOPBACK"]


def test_the_database_gives_up_connecting_soon(
    problems: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://user:p%40ss@host:5433/name")
    settings = environment.database()
    assert (settings["PASSWORD"], settings["PORT"], settings["NAME"]) == ("p@ss", 5433, "name")
    assert settings["OPTIONS"]["connect_timeout"] == 5
    assert problems == []


def test_problems_are_raised_together(problems: list[str]) -> None:
    environment.refuse_problems()
    environment.redis_url()
    environment.secret_key()
    with pytest.raises(ImproperlyConfigured, match=r"(?s)REDIS_URL is missing.*SECRET_KEY is miss"):
        environment.refuse_problems()
