"""Reads the environment for the settings, and refuses all that is missing or wrong in one go.

Each problem is one line that names the variable and the fix. A variable set to nothing counts as
not set. A `.env` file beside manage.py fills in what the environment lacks.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_email_url
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email
from dotenv import load_dotenv
from environs import Env, EnvError

LOOPBACK_HOSTS = {"127.0.0.1", "localhost", "::1"}
# As Django's own deployment check wants it.
SHORTEST_SECRET = 50
SHORTEST_TOKEN = 16
# A mail server that hangs must not keep the schedule's worker.
EMAIL_SECONDS = 20
LOG_FORMATS = ("text", "json")
TRUE, FALSE = {"true", "1", "yes", "on"}, {"false", "0", "no", "off", ""}

env = Env()
_problems: list[str] = []


def fill_in(file: Path) -> None:
    """What the environment lacks, from the lines of `file`, where there is one; a `$` stays a `$`."""
    load_dotenv(file, interpolate=False)


fill_in(Path(__file__).resolve().parent.parent / ".env")


def problem(name: str, fix: str) -> None:
    """Notes one line; `refuse_problems` raises them all."""
    state = "malformed" if text(name) else "missing"
    _problems.append(f"{name} is {state}: {fix}")


def refuse_problems() -> None:
    """The settings' last line. Django may load them again after a failure: begin anew."""
    if found := "\n".join(_problems):
        _problems.clear()
        raise ImproperlyConfigured(found)


def text(name: str, default: str = "") -> str:
    """As it is set, without blanks around it; set to nothing, it counts as not set."""
    return os.environ.get(name, "").strip() or default


def words(name: str, default: list[str]) -> list[str]:
    """Comma-separated."""
    return [word.strip() for word in text(name).split(",") if word.strip()] or default


def seconds(name: str, default: float) -> float:
    """More than none: a time-out of 0 would be no time-out for some libraries."""
    try:
        value = float(text(name, str(default)))
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        problem(name, f"set seconds such as {default:g}")
        return default
    return value


def count(name: str, default: int) -> int:
    """A whole number from 1 on."""
    try:
        value = int(text(name, str(default)))
    except ValueError:
        value = 0
    if value < 1:
        problem(name, f"set a whole number such as {default}")
        return default
    return value


def demo() -> bool:
    """True only under the launcher: plain HTTP on loopback, cookies that travel over it."""
    value = text("LINEBRIDGE_LOOPBACK").lower()
    if value not in TRUE | FALSE:
        problem("LINEBRIDGE_LOOPBACK", "set true or false")
    return value in TRUE


def allowed_hosts(*, demo: bool) -> list[str]:
    """The names users type; loopback's are always among them, for the health checks."""
    hosts = words("ALLOWED_HOSTS", [])
    if "*" in hosts:
        problem("ALLOWED_HOSTS", "set the names that users type, such as linebridge.example.com")
    if demo and set(hosts) - LOOPBACK_HOSTS:
        problem("LINEBRIDGE_LOOPBACK", "unset it: ALLOWED_HOSTS says that others can reach this")
    # Django compares with the Host header, where an IPv6 address stands in brackets.
    return sorted({*hosts, *LOOPBACK_HOSTS - {"::1"}, "[::1]"})


def trusted_origins() -> list[str]:
    """CSRF_TRUSTED_ORIGINS: needed only where a proxy changes the Host header."""
    origins = words("CSRF_TRUSTED_ORIGINS", [])
    if not all(origin.startswith(("https://", "http://")) for origin in origins):
        problem("CSRF_TRUSTED_ORIGINS", "set origins such as https://linebridge.example.com")
        return []
    return origins


def site_url() -> str:
    """Where users find us, for links in mails; "" where only this computer does."""
    hosts = [host for host in words("ALLOWED_HOSTS", []) if host not in LOOPBACK_HOSTS]
    named = words("CSRF_TRUSTED_ORIGINS", []) or [f"https://{host}" for host in hosts]
    return named[0].rstrip("/") if named else ""


def secret_key() -> str:
    """Refused where Django's own deployment check would only warn."""
    key = text("SECRET_KEY")
    weak = len(key) < SHORTEST_SECRET or len(set(key)) < 5 or key.startswith("django-insecure-")
    if weak:
        problem("SECRET_KEY", f"set at least {SHORTEST_SECRET} random characters")
    return key or "-"


def database() -> dict[str, Any]:
    """Django's database settings from DATABASE_URL; gives up connecting after five seconds."""
    try:
        settings: dict[str, Any] = env.dj_db_url("DATABASE_URL", conn_max_age=60)
    except (EnvError, ValueError):
        settings = {}
    engine = settings.get("ENGINE", "")
    if not engine.endswith("postgresql") or not settings.get("NAME"):
        fix = "set postgres://user:password@host:5432/name"
        problem("DATABASE_URL", fix if text("DATABASE_URL") else f"start `make demo`, or {fix}")
        return {"ENGINE": "django.db.backends.postgresql", "NAME": "missing"}
    # Posting has its statements planned once (invoices/sync/prepared.py); Django's own never are.
    settings.setdefault("OPTIONS", {}).update(connect_timeout=5, prepare_threshold=0)
    # Connections live for a minute: one that the server has closed meanwhile is opened anew.
    settings["CONN_HEALTH_CHECKS"] = True
    return settings


def redis_url() -> str:
    """REDIS_URL, which must be redis:// or rediss://: Celery and redis-py spell sockets apart."""
    url = text("REDIS_URL")
    if split(url)[0] not in {"redis", "rediss"} or not split(url)[1]:
        problem("REDIS_URL", "set redis://host:6379/0")
    return url


def email() -> dict[str, Any]:
    """Django's EMAIL_ settings from EMAIL_URL; without it nothing is mailed.

    submission:// speaks TLS on port 587, smtp:// is plain unless it ends in ?ssl=True.
    """
    url = text("EMAIL_URL")
    if not url:
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    if split(url)[0] not in {"submission", "smtp"} or not split(url)[1]:
        problem("EMAIL_URL", "set submission://user:password@host:587, or smtp://host:25")
        return {}
    return {**dj_email_url.parse(url), "EMAIL_TIMEOUT": EMAIL_SECONDS}


def email_from() -> str:
    """EMAIL_FROM: whom our mails are from; needed with EMAIL_URL."""
    address = text("EMAIL_FROM")
    if text("EMAIL_URL") or address:
        try:
            validate_email(address)
        except ValidationError:
            problem("EMAIL_FROM", "set an address such as linebridge@example.com")
    return address


def metrics_token() -> str:
    """METRICS_TOKEN: what Prometheus must show; without it there is no /metrics."""
    token = text("METRICS_TOKEN")
    if token and (len(token) < SHORTEST_TOKEN or not token.isascii() or len(token.split()) != 1):
        problem("METRICS_TOKEN", f"set at least {SHORTEST_TOKEN} random letters and digits")
        return ""
    return token


def log_format() -> str:
    """LOG_FORMAT: how the console's lines look."""
    found = text("LOG_FORMAT", "text").lower()
    if found not in LOG_FORMATS:
        problem("LOG_FORMAT", f"set {' or '.join(LOG_FORMATS)}")
        return "text"
    return found


def field_encryption_keys() -> list[str]:
    """FIELD_ENCRYPTION_KEY: Fernet keys, comma-separated; the first encrypts, all decrypt."""
    keys = words("FIELD_ENCRYPTION_KEY", [])
    try:
        for key in keys:
            Fernet(key)
    except ValueError:
        keys = []
    if not keys:
        problem("FIELD_ENCRYPTION_KEY", "set 32 random bytes, url-safe base64-encoded")
    return keys


def remote_url(name: str) -> str:
    """A remote's site without a path, https anywhere but on loopback; "" where it is not set."""
    url = text(name).rstrip("/")
    scheme, host, rest = split(url)
    schemes = {"http", "https"} if host in LOOPBACK_HOSTS else {"https"}
    if url and (scheme not in schemes or not host or rest):
        problem(name, "set https://host without a path (plain http only on loopback)")
        return ""
    return url


def split(url: str) -> tuple[str, str, str]:
    """Scheme, host and what follows them; three times nothing for what is no address."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it raises for a port that is no number
    except ValueError:
        return "", "", ""
    rest = f"{parts.path}{parts.query}{parts.fragment}"
    return parts.scheme, parts.hostname or "", rest
