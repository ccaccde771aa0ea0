"""The words that the table is written in: a row for each address, an answer for each role."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from integration.roles import ADMINISTRATOR, OPERATOR, VIEWER

NOBODY, NO_ROLE = "nobody", "no role"
STAFF_VIEWER, STAFF = "Viewer with staff status", "Administrator with staff status"
# In the order of what they may on the project's own pages.
ROLES = (NOBODY, NO_ROLE, VIEWER, STAFF_VIEWER, OPERATOR, ADMINISTRATOR, STAFF)
SUPERUSER = "superuser"
RANKS = {role: rank for rank, role in enumerate((*ROLES, SUPERUSER))}

LOGIN = "to a login"  # the project's own, or the admin's
Answer = int | str


@dataclass(frozen=True)
class Method:
    """Who may, what they get then, and what everyone else gets; `data` names things of the world."""

    least: str
    answer: int
    data: Mapping[str, str] = field(default_factory=dict)
    as_page: bool = False  # else as HTMX asks
    tries: bool = False  # works an effect out by doing it, and rolls that back

    def answer_for(self, role: str) -> Answer:
        if RANKS[role] >= RANKS[self.least]:
            return self.answer
        return LOGIN if role == NOBODY else 403


@dataclass(frozen=True)
class Admin(Method):
    """A page of Django admin: only staff gets in, and there the permissions of the role decide."""

    below: Answer = 403
    outside: Answer = LOGIN

    def answer_for(self, role: str) -> Answer:
        if role not in (STAFF_VIEWER, STAFF):
            return self.outside
        return self.answer if RANKS[role] >= RANKS[self.least] else self.below


@dataclass(frozen=True)
class ByRole(Method):
    """Where the role decides what is there: an answer for each rank, from `least` up the last."""

    below: Answer = 403

    def answer_for(self, role: str) -> Answer:
        return self.answer if RANKS[role] >= RANKS[self.least] else self.below


@dataclass(frozen=True)
class Row:
    """An address, one example of it, and its methods; what is not named is a wrong method."""

    route: str
    path: str
    methods: Mapping[str, Method]

    @property
    def is_admin(self) -> bool:
        return self.route.startswith("admin/")

    def answers_for(self, role: str, method: str) -> tuple[Answer, ...]:
        """What this role may get; for a wrong method a lower role may hear 403 instead of 405."""
        known = self.methods.get(method)
        if known:
            return (known.answer_for(role),)
        others = {one.answer_for(role) for one in self.methods.values()}
        if self.path.startswith(("/admin/", "/accounts/")):
            return (405, *others)  # Django's own pages take an unknown method for one they know
        return (405, *(others & {LOGIN, 403}))


def row(
    route: str,
    path: str = "",
    *,
    get: Method | None = None,
    post: Method | None = None,
) -> Row:
    methods = {name: one for name, one in (("get", get), ("post", post)) if one is not None}
    return Row(route, f"/{path or route}", methods)


def open_to_all(answer: int = 200, **data: str) -> Method:
    return Method(NOBODY, answer, data)


def viewers(answer: int = 200, **data: str) -> Method:
    return Method(VIEWER, answer, data)


def operators(answer: int = 200, **data: str) -> Method:
    return Method(OPERATOR, answer, data)


def administrators(answer: int = 200, **data: str) -> Method:
    return Method(ADMINISTRATOR, answer, data)


def as_page(method: Method) -> Method:
    """Asked for by a browser, not by HTMX."""
    return replace(method, as_page=True)


def tried(method: Method) -> Method:
    """Tells an effect by trying it."""
    return replace(method, tries=True)


def staff(answer: int = 200, **data: str) -> Method:
    return Admin(STAFF_VIEWER, answer, data)


def staff_administrators(answer: int = 200, **data: str) -> Method:
    return Admin(STAFF, answer, data)


def nobody_at_all() -> Method:
    """Closed to every role; only a superuser may."""
    return Admin(SUPERUSER, 200)
