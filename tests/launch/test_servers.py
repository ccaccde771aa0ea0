"""The embedded PostgreSQL and Valkey, really started (as another account where we are root)."""

from collections.abc import Iterator

import psycopg
import pytest
import redis

from integration.launch import accounts, postgres, valkey
from integration.launch.accounts import Home
from integration.launch.processes import Stack
from integration.launch.state import LaunchError, State
from tests.launch.conftest import processes_of

PASSWORD = "a-password-of-letters-digits-and_-"


@pytest.fixture
def home(state: State) -> Home:
    return accounts.choose_home(state)


@pytest.fixture
def stack(state: State) -> Iterator[Stack]:
    with Stack(state) as stack:
        yield stack


def one(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


def test_postgres_starts_stops_and_keeps_its_data(state: State, home: Home) -> None:
    with Stack(state) as stack:
        url = postgres.start(stack, home, PASSWORD)
        assert one(url, "SHOW server_version_num") >= "180000"  # type: ignore[operator]
        assert one(url, "SELECT datlocale FROM pg_database WHERE datname = current_database()") == (
            "C.UTF-8"
        )
        assert one(url, "SHOW listen_addresses") == "127.0.0.1"
        assert one(url, "SHOW fsync") == "on"
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
            connection.execute("CREATE EXTENSION pg_trgm")
    assert processes_of(state.folder) == {}
    with Stack(state) as stack:
        assert one(postgres.start(stack, home, PASSWORD), "SELECT answer FROM kept") == 42


def test_postgres_wants_the_password(stack: Stack, home: Home) -> None:
    url = postgres.start(stack, home, PASSWORD, fast=True)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url.replace(PASSWORD, "guess"))


def test_a_lost_password_says_what_to_remove(state: State, home: Home) -> None:
    with Stack(state) as stack:
        postgres.start(stack, home, PASSWORD, fast=True)
    with Stack(state) as stack, pytest.raises(LaunchError, match=r"remove .*/postgres/data"):
        postgres.start(stack, home, "another", fast=True)


def test_a_start_killed_while_making_the_cluster_leaves_no_half(stack: Stack, home: Home) -> None:
    half = home.make("postgres") / "half-made"
    half.mkdir()
    (half / "PG_VERSION").write_text("18")
    assert one(postgres.start(stack, home, PASSWORD, fast=True), "SELECT 1") == 1
    assert not half.exists()


def test_a_servers_stale_lock_is_no_obstacle(state: State, home: Home) -> None:
    with Stack(state) as stack:
        postgres.start(stack, home, PASSWORD, fast=True)
        pid_file = home.folder / "postgres" / "data" / "postmaster.pid"
        stale = pid_file.read_text()
    pid_file.write_text(stale)
    with Stack(state) as stack:
        assert one(postgres.start(stack, home, PASSWORD, fast=True), "SELECT 1") == 1


def test_passwords_stand_on_no_command_line(stack: Stack, state: State, home: Home) -> None:
    postgres.start(stack, home, PASSWORD, fast=True)
    valkey.start(stack, home, PASSWORD)
    assert not [line for line in processes_of(state.folder).values() if PASSWORD in line]
    assert not list(home.folder.rglob("password"))


def test_valkey_answers_with_the_password_only(stack: Stack, home: Home) -> None:
    url = valkey.start(stack, home, PASSWORD)
    with redis.Redis.from_url(url) as client:
        assert client.ping()
        assert client.config_get("bind") == {"bind": "127.0.0.1"}
        assert client.config_get("save") == {"save": ""}
    with (
        redis.Redis.from_url(url.replace(PASSWORD, "guess")) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()
