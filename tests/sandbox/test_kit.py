"""What both stand-ins stand on: exact JSON, the journal and the fault dial."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sandbox_kit import exact_json
from sandbox_kit.dial import Dial, Fault
from sandbox_kit.journal import Journal


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("5.2456"), "5.2456"),
        (Decimal("0.10"), "0.10"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.000001"), "-0.000001"),
        ({"a": [1, True, None, 'ü\n"<']}, '{"a":[1,true,null,"\\u00fc\\n\\"<"]}'),
        (0.5, "0.5"),
    ],
)
def test_json_keeps_every_digit(value: Any, text: str) -> None:
    assert exact_json.dumps(value) == text


def test_json_reads_decimals() -> None:
    assert exact_json.loads('{"p": 5.2456, "n": 3}') == {"p": Decimal("5.2456"), "n": 3}


def test_a_journal_gives_back_what_was_appended(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "state.jsonl"
    first = Journal(path, {"anchor": "a"})
    first.append({"n": Decimal("1.50")})
    first.append({"n": 2})
    again = Journal(path, {"anchor": "another"})
    assert again.header == {"anchor": "a"}
    assert again.entries == [{"n": Decimal("1.50")}, {"n": 2}]


@pytest.mark.parametrize("torn", ['{"n": 2', '{"n": 2}', "\x00\x00"])
def test_a_journal_forgets_a_torn_last_line(tmp_path: Path, torn: str) -> None:
    path = tmp_path / "state.jsonl"
    journal = Journal(path, {"anchor": "a"})
    journal.append({"n": 1})
    journal.close()
    with path.open("a") as file:
        file.write(torn)
    again = Journal(path, {})
    again.append({"n": 3})
    assert Journal(path, {}).entries == [{"n": 1}, {"n": 3}]


def test_a_journal_starts_again_under_the_same_header(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state.jsonl", {"anchor": "a"})
    journal.append({"n": 1})
    journal.restart()
    journal.append({"n": 2})
    assert Journal(tmp_path / "state.jsonl", {}).entries == [{"n": 2}]


def faults(dial: Dial, count: int, method: str = "POST") -> list[str]:
    return [dial.decide(method, f"/v/{n}", b"body").name for n in range(count)]


def test_a_dial_at_rest_does_nothing() -> None:
    assert faults(Dial(), 50) == ["ok"] * 50


def test_shares_come_out_about_as_set() -> None:
    dial = Dial()
    dial.set(share_lost_reply=0.2, share_late_write=0.1, share_429=0.1, share_5xx_after=0.1)
    seen = faults(dial, 2000)
    for name, share in (("lost_reply", 0.2), ("late_write", 0.1), ("after_write", 0.1)):
        assert share - 0.04 < seen.count(name) / 2000 < share + 0.04
    assert set(seen) == {"ok", "lost_reply", "late_write", "before_write", "after_write"}


def test_reads_lose_no_replies_by_share() -> None:
    dial = Dial()
    dial.set(share_lost_reply=1)
    assert set(faults(dial, 20, "GET")) == {"ok"}


def test_a_seed_gives_the_same_faults_whatever_the_order() -> None:
    def by_request(seed: int, order: range | list[int]) -> dict[int, Fault]:
        dial = Dial()
        dial.set(seed=seed, share_lost_reply=0.3, share_5xx_before=0.3)
        return {n: dial.decide("POST", f"/v/{n}", b"") for n in order}

    forwards = by_request(5, range(60))
    assert forwards == by_request(5, list(reversed(range(60))))
    assert forwards != by_request(6, range(60))


def test_the_same_request_meets_another_fate_the_second_time() -> None:
    dial = Dial()
    dial.set(share_5xx_before=0.5)
    fates = {dial.decide("POST", "/v", b"same").name for _ in range(40)}
    assert fates == {"ok", "before_write"}


def test_a_script_is_played_once_and_by_writes_only() -> None:
    dial = Dial()
    dial.set(script=["lost_reply", "ok", "503_after_write", "429"], retry_after_seconds=7)
    assert dial.decide("GET", "/v", b"").name == "ok"
    played = [dial.decide("POST", "/v", b"") for _ in range(5)]
    assert [fault.name for fault in played] == [
        "lost_reply", "ok", "after_write", "before_write", "ok",
    ]  # fmt: skip
    assert played[2].status == 503
    assert (played[3].status, played[3].retry_after) == (429, 7)
    assert dial.as_dict()["script"] == []


def test_a_read_script_is_for_reads() -> None:
    dial = Dial()
    dial.set(read_script="404 ok")
    assert dial.decide("POST", "/v", b"").name == "ok"
    assert dial.decide("GET", "/v", b"").status == 404


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("share_429", 1.5),
        ("latency_ms", -1),
        ("latency_ms", "soon"),
        ("script", ["explode"]),
        ("script", ["200"]),
        ("nonsense", 1),
    ],
)
def test_a_wrong_setting_is_refused_and_changes_nothing(setting: str, value: Any) -> None:
    dial = Dial()
    before = dial.as_dict()
    with pytest.raises(ValueError, match=r"\w"):
        dial.set(**{setting: value})
    assert dial.as_dict() == before


def test_shares_beyond_one_are_refused() -> None:
    with pytest.raises(ValueError, match="exceed 1"):
        Dial().set(share_lost_reply=0.6, share_429=0.6)


def test_a_quota_refuses_what_goes_beyond_it() -> None:
    dial = Dial()
    dial.set(rate_limit_per_minute=3)
    decided = [dial.decide("GET", "/v", b"") for _ in range(5)]
    assert [fault.status for fault in decided] == [0, 0, 0, 429, 429]
    assert 1 <= decided[-1].retry_after <= 61
