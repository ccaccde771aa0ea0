"""Settings, all from the environment (a `.env` file works too); the defaults are the safe ones.

A missing or malformed value stops the start with one line that names the variable.
"""

from datetime import timedelta
from pathlib import Path

from integration.environment import (
    allowed_hosts,
    count,
    database,
    demo,
    email,
    email_from,
    field_encryption_keys,
    log_format,
    metrics_token,
    redis_url,
    refuse_problems,
    remote_url,
    seconds,
    secret_key,
    site_url,
    text,
    trusted_origins,
)
from integration.single_sign_on.configured import single_sign_on

BASE_DIR = Path(__file__).resolve().parent.parent

# The launcher's demo and the tests run over plain HTTP on loopback; nothing else may.
DEMO = demo()
DEBUG = False
SECRET_KEY = secret_key()
FIELD_ENCRYPTION_KEYS = field_encryption_keys()
ALLOWED_HOSTS = allowed_hosts(demo=DEMO)
CSRF_TRUSTED_ORIGINS = trusted_origins()
SITE_URL = site_url()
METRICS_TOKEN = metrics_token()
SINGLE_SIGN_ON = single_sign_on()  # None where there is none
PROXIES = count("PROXIES", 1)
# EMAIL_BACKEND, EMAIL_HOST and the rest.
globals().update(email())
DEFAULT_FROM_EMAIL = email_from()

# The credentials an installation starts with; what is saved in the database wins.
PLATFORM_URL = remote_url("PLATFORM_URL")
PLATFORM_API_KEY = text("PLATFORM_API_KEY")
CONNECTWISE_URL = remote_url("CONNECTWISE_URL")
CONNECTWISE_COMPANY_ID = text("CONNECTWISE_COMPANY_ID")
CONNECTWISE_PUBLIC_KEY = text("CONNECTWISE_PUBLIC_KEY")
CONNECTWISE_PRIVATE_KEY = text("CONNECTWISE_PRIVATE_KEY")
CONNECTWISE_CLIENT_ID = text("CONNECTWISE_CLIENT_ID")
CONNECTWISE_TIMEOUT_SECONDS = seconds("CONNECTWISE_TIMEOUT_SECONDS", 60.0)
CONNECTWISE_SETTLE_SECONDS = seconds("CONNECTWISE_SETTLE_SECONDS", 300.0)
CONNECTWISE_MAX_REQUESTS_PER_MINUTE = count("CONNECTWISE_MAX_REQUESTS_PER_MINUTE", 900)
CONNECTWISE_CONCURRENCY = count("CONNECTWISE_CONCURRENCY", 8)
DEFAULT_AGREEMENT_TYPE = text("DEFAULT_AGREEMENT_TYPE")

INSTALLED_APPS = [
    "integration",
    "integration.single_sign_on",
    "integration.system_log",
    "invoices",
    "mapping",
    "psa_connectwise",
    "platform_client",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django_htmx",
    "axes",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "integration.sessions.SessionLimits",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "integration.gate.GateMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",  # last, as it asks
]

ROOT_URLCONF = "integration.urls"
WSGI_APPLICATION = "integration.wsgi.application"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "integration.gate.gate",
            ],
        },
    }
]

DATABASES = {"default": database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Broker, cache and counters of the rate limit: nothing in it has to outlive a restart.
REDIS_URL = redis_url()
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
}

CELERY_BROKER_URL = REDIS_URL
# What came of a task stands in its own row, never in the broker.
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
# The queue is only a doorbell: a task lost with its worker is rung again by the sweeps below.
CELERY_TASK_ACKS_LATE = False
# A task that a busy worker holds back would wait though another worker is free.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
# Nobody asks beat anything; the thread that would answer is one more to wait for when it stops.
CELERY_BEAT_ENABLE_REMOTE_CONTROL = False
CELERY_BEAT_SCHEDULE: dict[str, dict[str, object]] = {
    "prune the system log": {
        "task": "integration.system_log.tasks.prune_logs",
        "schedule": 3600.0,
    },
    "forget old sessions": {
        "task": "integration.tasks.forget_sessions",
        "schedule": 3600.0,
    },
    "let beat be heard": {"task": "integration.tasks.hear_beat", "schedule": 60.0},
    "resume loads": {"task": "invoices.tasks.loading.sweep_loads", "schedule": 30.0},
    "resume bulk updates": {
        "task": "invoices.tasks.bulk.sweep_bulk_updates",
        "schedule": 30.0,
    },
    "resume directory refreshes": {
        "task": "mapping.tasks.sweep_directory_refreshes",
        "schedule": 30.0,
    },
    # Which jobs are due stands in the database: times change without a restart of anything.
    "do what the schedule says": {
        "task": "invoices.tasks.schedule.do_schedule",
        "schedule": 60.0,
    },
    "settle postings and wake runs": {
        "task": "invoices.tasks.sync.settle_postings",
        # Nobody has to press anything: what is not known is looked for this often.
        "schedule": max(1.0, min(30.0, CONNECTWISE_SETTLE_SECONDS)),
    },
}

# Also whose rights a user has who came by single sign-on.
OWN_PASSWORDS = "django.contrib.auth.backends.ModelBackend"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", OWN_PASSWORDS]
# Wrong passwords for one user from one address are counted in the cache; then that user waits there.
# Behind a proxy every connection comes from one address: a stranger would lock everybody out.
AXES_CLIENT_IP_CALLABLE = "integration.client_address.read_client_address"
AXES_HANDLER = "axes.handlers.cache.AxesCacheHandler"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "integration.views.errors.locked_out"
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False  # its tables stay empty

RULES = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{RULES}.UserAttributeSimilarityValidator"},
    {"NAME": f"{RULES}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{RULES}.CommonPasswordValidator"},
    {"NAME": f"{RULES}.NumericPasswordValidator"},
]

# A working day at most, and no more than two hours without anybody doing anything.
SESSION_COOKIE_AGE = 60 * 60 * count("SESSION_HOURS", 12)
SESSION_IDLE_SECONDS = 60 * count("SESSION_IDLE_MINUTES", 120)
# The longest form is a preview's thousand ends, each with its tick.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
# One file of mappings. What is larger is read past and never kept, in memory or on a disk.
DATA_UPLOAD_MAX_NUMBER_FILES = 1
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "integration.views.errors.csrf_failure"

OUR_PACKAGES = (
    "integration",
    "invoices",
    "mapping",
    "platform_client",
    "psa_connectwise",
    "wire",
)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "integration.system_log.console.PlainFormatter"},
        "json": {"()": "integration.system_log.console.JsonFormatter"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": log_format()},
        "system_log": {"class": "integration.system_log.handler.DatabaseHandler"},
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        **{name: {"handlers": ["system_log"], "level": "INFO"} for name in OUR_PACKAGES},
        # Pages and tasks that broke.
        "django.request": {"handlers": ["system_log"], "level": "ERROR"},
        "celery.app.trace": {"handlers": ["system_log"], "level": "ERROR"},
        "celery.worker": {"level": "INFO"},
    },
}

# The business's own zone stands in the database; here everything is UTC (P55).
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
FORMAT_MODULE_PATH = "integration.formats"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = None if DEMO else BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = DEMO
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEMO
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
# Outside the demo TLS ends in a proxy before us, which says so by X-Forwarded-Proto.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = not DEMO
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 0 if DEMO else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEMO
# Browsers' preload list is for a whole domain, which is its owner's decision and not ours.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
# The containers' health checks, and a Prometheus beside us, ask over plain HTTP from inside.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]

refuse_problems()
