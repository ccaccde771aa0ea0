"""Reads the environment and says in one line which variable is missing or wrong.

Only the settings use it. A bad value raises `ImproperlyConfigured`.
"""

from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError

LOOPBACK_HOSTS = {"127.0.0.1", "localhost", "::1"}

env = Env()
env.read_env()


def demo() -> bool:
    """True only under the launcher: plain HTTP on loopback, cookies that travel over it."""
    return env.bool("LINEBRIDGE_LOOPBACK", False)


def database() -> dict[str, Any]:
    """Django's database settings from DATABASE_URL; gives up connecting after five seconds."""
    try:
        settings: dict[str, Any] = env.dj_db_url("DATABASE_URL", conn_max_age=60)
    except EnvError as error:
        raise ImproperlyConfigured(
            "DATABASE_URL is missing or malformed: set postgres://user:password@host:5432/name"
        ) from error
    settings.setdefault("OPTIONS", {})["connect_timeout"] = 5
    return settings


def redis_url() -> str:
    """REDIS_URL, which must be redis:// or rediss://: Celery and redis-py spell sockets apart."""
    url: str = env.str("REDIS_URL", "")
    if urlsplit(url).scheme not in {"redis", "rediss"}:
        raise ImproperlyConfigured("REDIS_URL is missing or malformed: set redis://host:6379/0")
    return url


def field_encryption_keys() -> list[str]:
    """FIELD_ENCRYPTION_KEY: Fernet keys, comma-separated; the first encrypts, all decrypt."""
    keys: list[str] = env.list("FIELD_ENCRYPTION_KEY", [])
    try:
        for key in keys:
            Fernet(key)
    except ValueError as error:
        raise ImproperlyConfigured(
            "FIELD_ENCRYPTION_KEY is malformed: set 32 url-safe base64-encoded bytes"
        ) from error
    if not keys:
        raise ImproperlyConfigured(
            "FIELD_ENCRYPTION_KEY is missing: set 32 url-safe base64-encoded bytes"
        )
    return keys


def remote_url(name: str) -> str:
    """A remote's site without a path, https anywhere but on loopback; "" where it is not set."""
    url: str = env.str(name, "").rstrip("/")
    if not url:
        return ""
    parts = urlsplit(url)
    loopback = parts.hostname in LOOPBACK_HOSTS
    if not parts.hostname or parts.scheme not in ({"http", "https"} if loopback else {"https"}):
        raise ImproperlyConfigured(
            f"{name} is malformed: set https://host (plain http only on loopback)"
        )
    return url
