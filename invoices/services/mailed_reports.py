"""Results of what the schedule did, by e-mail to the people who asked for it (P53).

Each result is taken by a conditional update before it is sent, so two beats send it once. What
can't be sent is tried again at the next knock, for two days.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from invoices.models import InvoiceLine, Load, MailedReport, SyncRun
from invoices.months import month_name
from invoices.sync import ending
from invoices.sync.facts import WAITS_FOR_A_YES
from invoices.sync.run import progress
from invoices.sync.states import Origin, RunState

logger = logging.getLogger(__name__)

# An older result is no news: once a mail server is back, it doesn't pour out weeks.
TOLD_FOR = timedelta(days=2)
When = MailedReport.When


@dataclass(frozen=True, slots=True)
class Result:
    """One mail: what happened, whether somebody has to do something, and where to look."""

    subject: str
    body: str
    needs_somebody: bool


@dataclass(frozen=True, slots=True)
class MailChoice:
    """What one user chose, of which choices, and why no mail would come; "" where one would."""

    when: str
    choices: list[tuple[str, str]]
    hindrance: str


def mail_choice(user: User) -> MailChoice:
    """As the Dashboard offers it."""
    kept = MailedReport.objects.filter(user=user).first()
    hindrance = (
        "" if user.email else "Your user has no e-mail address; an Administrator can add it."
    )
    if settings.EMAIL_BACKEND.endswith("dummy.EmailBackend"):
        hindrance = "No mail server is set up (EMAIL_URL)."
    return MailChoice(kept.when if kept else "", [("", "Never"), *When.choices], hindrance)


def choose_reports(*, user: User, when: str) -> None:
    """ "" is never; raises ValueError for a word that is none of the choices."""
    if not when:
        MailedReport.objects.filter(user=user).delete()
    else:
        MailedReport.objects.update_or_create(user=user, defaults={"when": When(when)})


def send_due_reports() -> int:
    """Mails what the schedule finished since; how many results were sent."""
    recent = Q(origin=Origin.SCHEDULE, reported_at=None, finished_at__gt=Now() - TOLD_FOR)
    sent = sum(_send_once(load, result_of_load(load)) for load in Load.objects.filter(recent))
    return sent + sum(_send_once(run, result_of_run(run)) for run in SyncRun.objects.filter(recent))


def result_of_load(load: Load) -> Result:
    """Somebody is needed where it failed or is incomplete, or where lines wait for a mapping."""
    name = month_name(load.month)
    unmapped = InvoiceLine.objects.filter(
        period=load.month, is_mapped=False, psa_status=InvoiceLine.Status.NOT_SYNCED
    ).count()
    told = [load.message]
    if unmapped:
        lines = (
            "1 line is unmapped and waits"
            if unmapped == 1
            else f"{unmapped:,} lines are unmapped and wait"
        )
        told.append(f"{lines} for somebody.")
    failed = load.state != Load.State.DONE
    needs_somebody = failed or not load.complete or bool(unmapped)
    return Result(
        subject=f"Linebridge: the load of {name} {'failed' if failed else _done(needs_somebody)}",
        body=_body(told, f"{reverse('invoices:lines')}?period={load.month:%Y-%m}"),
        needs_somebody=needs_somebody,
    )


def result_of_run(run: SyncRun) -> Result:
    """Somebody is needed where lines failed, stayed behind, or wait for a yes."""
    name, done = month_name(run.period), progress(run)
    waiting = ending.ends_of(run).filter(reason_code__in=WAITS_FOR_A_YES).count()
    told = [run.message or f"{done.sentence().capitalize()}."]
    if waiting:
        ends = (
            "1 subscription is no longer invoiced: its end waits"
            if waiting == 1
            else f"{waiting:,} subscriptions are no longer invoiced: their ends wait"
        )
        told.append(f"{ends} for a yes.")
    failed = run.state == RunState.FAILED
    needs_somebody = bool(failed or done.errors or done.unknown or done.withdrawn or waiting)
    return Result(
        subject=f"Linebridge: the sync of {name} {'was stopped' if failed else _done(needs_somebody)}",
        body=_body(told, reverse("invoices:run_page", args=[run.pk])),
        needs_somebody=needs_somebody,
    )


def _done(needs_somebody: bool) -> str:
    return "is done, and needs somebody" if needs_somebody else "is done"


def _body(told: list[str], path: str) -> str:
    site = [f"{settings.SITE_URL}{path}"] if settings.SITE_URL else []
    return "\n\n".join([*told, *site]) + "\n"


def _send_once(about: Load | SyncRun, result: Result) -> bool:
    mine = type(about)._default_manager.filter(pk=about.pk)
    if not mine.filter(reported_at=None).update(reported_at=Now()):
        return False
    try:
        for address in _addresses(result):
            EmailMessage(result.subject, result.body, to=[address]).send()
    except OSError as error:  # what smtplib raises, too
        # Given back to the next knock: better that somebody gets it twice than that one gets none.
        mine.update(reported_at=None)
        logger.warning("“%s” could not be mailed: %s", result.subject, error)
        return False
    return True


def _addresses(result: Result) -> list[str]:
    """One mail each: nobody learns the others' addresses."""
    wanted = MailedReport.objects.filter(user__is_active=True).exclude(user__email="")
    if not result.needs_somebody:
        wanted = wanted.filter(when=When.ALWAYS)
    return list(wanted.order_by("pk").values_list("user__email", flat=True))
