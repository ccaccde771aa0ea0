"""Who changed what in settings, rules, names, users and roles: kept for good, and shown.

The log of Django admin holds it: its own pages write there, and the settings pages do too. A user
is never deleted (only switched off), so that nothing of it is lost.
"""

from collections.abc import Sequence

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q, QuerySet


def keep_change(*, user: User, about: Model, told: Sequence[str], action: int = CHANGE) -> None:
    """`told` in the words of a person, without secrets; nothing told is nothing kept."""
    if told:
        LogEntry.objects.log_actions(user.pk, [about], action, "; ".join(told), single_object=True)


def kept_changes(search: str = "") -> QuerySet[LogEntry]:
    """Newest first; a search looks at who, at what it was about, and at what was told."""
    found = LogEntry.objects.select_related("user", "content_type").order_by("-action_time", "-id")
    if search:
        found = found.filter(
            Q(user__username__icontains=search)
            | Q(object_repr__icontains=search)
            | Q(content_type__in=_called(search))
            | Q(change_message__icontains=search)
        )
    return found


def _called(search: str) -> list[int]:
    """What a change may be about, by the names that people read: no column has them."""
    kinds = ContentType.objects.all()
    return [kind.pk for kind in kinds if search.casefold() in kind.name.casefold()]
