"""Results of the schedule by e-mail: to who asked, once, and only problems to who wants only those."""

from collections.abc import Callable
from datetime import date, timedelta
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.utils import timezone
from pytest_django import Settings

from invoices.models import Load, MailedReport, Operation, SyncRun
from invoices.services.mailed_reports import choose_reports, mail_choice, send_due_reports
from invoices.sync.states import Origin, RunState
from tests.factories import make_line, make_user

MAY = date(2026, 5, 1)
pytestmark = pytest.mark.django_db
Reader = Callable[..., User]


@pytest.fixture(autouse=True)
def site(settings: Settings) -> None:
    settings.SITE_URL = "https://linebridge.example.com"


@pytest.fixture
def reader() -> Reader:
    def make(name: str, when: str, **values: Any) -> User:
        user = make_user(username=name, email=f"{name}@example.com", **values)
        choose_reports(user=user, when=when)
        return user

    return make


def run(*, state: str = RunState.FINISHED, origin: str = Origin.SCHEDULE, **values: Any) -> SyncRun:
    return SyncRun.objects.create(
        period=MAY, state=state, origin=origin, **{"finished_at": timezone.now(), **values}
    )


def load(**values: Any) -> Load:
    ended = {"finished_at": timezone.now(), "state": Load.State.DONE, "complete": True}
    said = {"message": "May 2026 loaded: 3 new."}
    return Load.objects.create(month=MAY, origin=Origin.SCHEDULE, **{**ended, **said, **values})


def test_a_run_is_told_once_to_who_asked(reader: Reader, mailoutbox: list[EmailMessage]) -> None:
    reader("anna", "always")
    reader("bert", "")
    done = run()

    assert (send_due_reports(), send_due_reports()) == (1, 0)

    (mail,) = mailoutbox
    assert mail.to == ["anna@example.com"]
    assert mail.subject == "Linebridge: the sync of May 2026 is done"
    assert "Nothing to post." in mail.body
    assert f"https://linebridge.example.com/mapping/invoices/runs/{done.pk}/" in mail.body


def test_who_wants_only_problems_hears_of_nothing_else(
    reader: Reader, mailoutbox: list[EmailMessage]
) -> None:
    reader("anna", "always")
    reader("carl", "problems")
    good, bad = run(), run()
    Operation.objects.create(run=bad, line=make_line(), kind="create", state="refused")

    send_due_reports()

    told = {(mail.to[0], mail.body.splitlines()[0]) for mail in mailoutbox}
    assert ("carl@example.com", "1 with an error.") in told
    assert {mail.subject.partition("is done")[2] for mail in mailoutbox} == {
        "",
        ", and needs somebody",
    }
    assert len([to for to, _ in told if to.startswith("carl")]) == 1
    assert len(mailoutbox) == 3
    assert good.pk != bad.pk


@pytest.mark.parametrize(
    ("values", "subject", "words"),
    [
        ({}, "is done", "3 new."),
        ({"state": "failed", "message": "The Platform refused the key."}, "failed", "the key"),
    ],
)
def test_a_load_is_told(
    reader: Reader,
    mailoutbox: list[EmailMessage],
    values: dict[str, Any],
    subject: str,
    words: str,
) -> None:
    reader("anna", "always")
    load(**values)
    send_due_reports()
    assert mailoutbox[0].subject == f"Linebridge: the load of May 2026 {subject}"
    assert words in mailoutbox[0].body


def test_unmapped_lines_of_a_load_need_somebody(
    reader: Reader, mailoutbox: list[EmailMessage]
) -> None:
    reader("carl", "problems")
    load()
    send_due_reports()
    assert mailoutbox == []
    make_line(period=MAY)
    load()
    send_due_reports()
    assert mailoutbox[0].subject == "Linebridge: the load of May 2026 is done, and needs somebody"
    assert "1 line is unmapped and waits for somebody." in mailoutbox[0].body
    make_line(period=MAY)
    load()
    send_due_reports()
    assert "2 lines are unmapped and wait for somebody." in mailoutbox[1].body


@pytest.mark.parametrize(
    "values",
    [
        {"origin": Origin.PERSON},
        {"origin": Origin.COMMAND},
        {"state": RunState.RUNNING, "finished_at": None},
        {"finished_at": timezone.now() - timedelta(days=3)},
    ],
    ids=["a person's", "a command's", "not over", "long ago"],
)
def test_nobody_is_told_of(
    reader: Reader, mailoutbox: list[EmailMessage], values: dict[str, Any]
) -> None:
    reader("anna", "always")
    run(**values)
    assert send_due_reports() == 0
    assert mailoutbox == []


def test_a_mail_server_that_is_away_is_asked_again(
    reader: Reader, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader("anna", "always")
    run()

    def away(_mail: EmailMessage) -> int:
        raise SMTPServerDisconnected("closed")

    with monkeypatch.context() as patched:
        patched.setattr(EmailMessage, "send", away)
        assert send_due_reports() == 0
    assert send_due_reports() == 1
    assert len(mailoutbox) == 1


def test_people_who_left_are_not_told(reader: Reader, mailoutbox: list[EmailMessage]) -> None:
    reader("anna", "always", is_active=False)
    run()
    send_due_reports()
    assert mailoutbox == []


def test_a_choice_is_kept_and_taken_back(reader: Reader) -> None:
    anna = reader("anna", "problems")
    assert mail_choice(anna).when == "problems"
    choose_reports(user=anna, when="")
    assert not MailedReport.objects.exists()
    with pytest.raises(ValueError, match="sometimes"):
        choose_reports(user=anna, when="sometimes")
