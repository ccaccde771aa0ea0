"""Django admin's pages: who gets in is staff, what they may there stands in their role."""

from tests.integration.access.rows import (
    LOGIN,
    NO_ROLE,
    STAFF,
    STAFF_VIEWER,
    Admin,
    ByRole,
    Method,
    Row,
    nobody_at_all,
    open_to_all,
    row,
    staff,
    staff_administrators,
)

YES, NO = staff_administrators(), nobody_at_all()
ENTRANCE = Admin(STAFF_VIEWER, 302, outside=200)
KEY = "<path:object_id>/"


def _saved(data: dict[str, str] | None) -> Method:
    """A form that is sent: accepted, or (without data) nobody's."""
    return NO if data is None else staff_administrators(302, **data)


def _model(
    name: str,
    key: str,
    *,
    add: dict[str, str] | None = None,
    change: dict[str, str] | None = None,
    delete: bool = False,
) -> list[Row]:
    """A model's pages; what is None or False is closed to all our roles."""
    place, one = f"admin/{name}/", f"admin/{name}/{{{key}}}/"
    removed = staff_administrators(302, post="yes") if delete else NO
    return [
        row(place, get=YES, post=YES),
        row(f"{place}add/", get=NO if add is None else YES, post=_saved(add)),
        row(f"{place}{KEY}history/", f"{one}history/", get=YES, post=YES),
        row(f"{place}{KEY}delete/", f"{one}delete/", get=YES if delete else NO, post=removed),
        row(f"{place}{KEY}change/", f"{one}change/", get=YES, post=_saved(change)),
        row(f"{place}{KEY}", one, get=staff(302), post=staff(302)),
    ]


def _app(name: str) -> Row:
    return row(APPS, f"admin/{name}/", get=Admin(STAFF, 200, below=404))


APPS = "admin/^(?P<app_label>…)/$"
RULE = {"charge_type": "Usage Fee", "slot": "end", "kind": "no_date"}
RULES = "admin/invoices/chargedaterule/"
NAME = {"charge_type": "Usage Fee", "display_name": "Usage"}
USER = {"username": "new", "usable_password": "false"}
CHANGED_USER = {"username": "renamed", "date_joined_0": "2026-05-01", "date_joined_1": "10:00"}
SITE = [
    *(row(f"admin/{page}", get=staff(), post=staff()) for page in ("", "password_change/")),
    *(row(f"admin/{page}", get=staff()) for page in ("jsi18n/", "password_change/done/")),
    row("admin/login/", get=ENTRANCE, post=open_to_all()),
    row("admin/logout/", post=ByRole(NO_ROLE, 302, below=LOGIN)),
    row("admin/autocomplete/", get=NO),
    row("admin/r/<path:content_type_id>/<path:object_id>/", "admin/r/1/1/", get=staff(404)),
    _app("system_log"),
    _app("invoices"),
    _app("auth"),
    row("admin/(?P<url>.*)$", "admin/elsewhere/", get=staff(404), post=staff(404)),
]
ADMIN = [
    *SITE,
    *_model("invoices/chargedaterule", "rule", add=RULE, change=RULE, delete=True),
    row(f"{RULES}effect/", f"{RULES}effect/?slot=end&kind=no_date", get=YES, post=YES),
    row(f"{RULES}reapply/", get=YES, post=staff_administrators(302)),
    *_model("invoices/chargetypename", "type_name", add=NAME, change=NAME, delete=True),
    *_model("system_log/logentry", "log_entry"),
    *_model("auth/user", "colleague", add=USER, change=CHANGED_USER),
    row(
        "admin/auth/user/<id>/password/",
        "admin/auth/user/{colleague}/password/",
        get=YES,
        post=staff_administrators(
            302, usable_password="true", password1="battery staple", password2="battery staple"
        ),
    ),
    *_model("auth/group", "group"),
    # Who may do everything is out of reach for who may not.
    *(
        row(
            f"admin/auth/user/{KEY}{page}",
            f"admin/auth/user/{{superuser}}/{page}",
            get=get,
            post=NO,
        )
        for page, get in (("change/", YES), ("delete/", NO))
    ),
    row("admin/auth/user/<id>/password/", "admin/auth/user/{superuser}/password/", get=NO, post=NO),
]
