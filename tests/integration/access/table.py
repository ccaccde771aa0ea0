"""The project's own pages: every address, who may read it, who may change something there."""

from tests.integration.access.rows import (
    LOGIN,
    NO_ROLE,
    ByRole,
    Method,
    Row,
    administrators,
    as_page,
    open_to_all,
    operators,
    row,
    tried,
    viewers,
)

INVOICES, RUN, LINE = "mapping/invoices/", "mapping/invoices/runs/", "mapping/invoices/lines/"

FRAME = [
    row("", get=as_page(viewers())),
    row("news/", get=viewers()),
    row("months/", get=viewers()),
    row("reports/", post=viewers(302, when="always")),
    row("logs/", get=viewers()),
    row("logs/news/", "logs/news/?since=0", get=viewers()),
    row(
        r"logs/^(?P<kind>line|run|load|mapping)/(?P<key>[\s\S]+)/$",
        "logs/line/{platform_id}/",
        get=viewers(302),
    ),
    row(
        "settings/",
        get=as_page(administrators()),
        post=administrators(302, connectwise_company_id="other", confirm_move="on"),
    ),
    row("settings/test/", post=administrators()),
    row(
        "settings/configuration/",
        get=as_page(administrators()),
        post=administrators(
            302,
            default_agreement_type="{agreement_type}",
            time_zone="Europe/Vienna",
            reference_field="serialNumber",
            price_decimals="4",
            cancellation_policy="skip",
            cancellation_share="20",
            monthly_load_day="2",
            monthly_load_hour="3",
            daily_sync_hour="5",
        ),
    ),
    row("settings/configuration/agreement-types/", post=administrators(302)),
    row("settings/changes/", get=administrators()),
    row("settings/dictionary/", get=as_page(viewers())),
    # Who is signed in already is led on.
    row(
        "accounts/login/", get=ByRole(NO_ROLE, 302, below=200), post=ByRole(NO_ROLE, 302, below=200)
    ),
    # There only while there is nobody; and only where a provider is set up.
    row("accounts/first/", get=open_to_all(302), post=open_to_all(302)),
    row("accounts/sso/", get=open_to_all(404)),
    row("accounts/sso/back/", get=open_to_all(404)),
    # Everybody's own, also of who has no role yet.
    row(
        "accounts/password/",
        get=ByRole(NO_ROLE, 200, below=LOGIN),
        post=ByRole(NO_ROLE, 422, below=LOGIN),
    ),
    row("accounts/logout/", post=ByRole(NO_ROLE, 302, below=LOGIN)),
    row("healthz", get=open_to_all()),
    row("readyz", get=open_to_all()),
    row("metrics", get=open_to_all(401)),  # to a machine with a token of its own
]
GRID = [
    row(INVOICES, get=viewers()),
    row(f"{INVOICES}periods/", get=viewers()),
    row(f"{INVOICES}filters/<slug:column>/", f"{INVOICES}filters/vendor/", get=viewers()),
    row(f"{INVOICES}columns/", get=viewers(), post=viewers(column="offer")),
    row(f"{INVOICES}columns/width/", post=viewers(204, column="offer", width="200")),
    row(f"{INVOICES}views/", get=viewers(), post=viewers(name="Mine")),
    row(f"{INVOICES}views/<int:pk>/open/", f"{INVOICES}views/{{view}}/open/", post=viewers()),
    row(f"{INVOICES}views/<int:pk>/delete/", f"{INVOICES}views/{{view}}/delete/", post=viewers()),
    row(f"{INVOICES}export.csv", get=viewers()),
    row(f"{INVOICES}export.xlsx", get=viewers()),
    row(f"{INVOICES}changed/", f"{INVOICES}changed/?since={{line}}.0", get=viewers()),
    row(f"{INVOICES}tick/", post=operators(line="{line}", shown="{line}", on="1")),
    row(f"{INVOICES}tick/all/", post=operators()),
    row(f"{INVOICES}tick/none/", post=operators()),
    row(f"{INVOICES}bulk/", get=operators(), post=operators(charge_end_date="2030-01-31")),
    row(f"{INVOICES}bulk/agreements/", get=operators()),
    row(f"{INVOICES}bulk/progress/", get=viewers()),
    row(
        f"{INVOICES}bulk/<int:pk>/confirm/",
        f"{INVOICES}bulk/{{bulk_draft}}/confirm/",
        post=operators(204),
    ),
    row(
        f"{INVOICES}bulk/<int:pk>/leave-out/",
        f"{INVOICES}bulk/{{bulk_refused}}/leave-out/",
        post=operators(),
    ),
    row(
        f"{INVOICES}bulk/<int:pk>/refused/",
        f"{INVOICES}bulk/{{bulk_refused}}/refused/",
        get=operators(),
    ),
    row(
        f"{INVOICES}edits/<int:pk>/others/",
        f"{INVOICES}edits/{{row_edit}}/others/",
        get=operators(),
        post=operators(),
    ),
    row(f"{LINE}<int:pk>/", f"{LINE}{{line}}/", get=viewers()),
    row(
        f"{LINE}<int:pk>/edit/",
        f"{LINE}{{line}}/edit/",
        get=operators(),
        post=operators(version="{version}", charge_start_date="2026-05-02"),
    ),
]
SYNC = [
    row(f"{INVOICES}load/", get=operators(), post=operators(204, periods="{month}")),
    row(f"{INVOICES}load/progress/", get=viewers()),
    row(f"{INVOICES}sync/", post=operators(period="{month}")),
    row(f"{LINE}<int:pk>/sync/", f"{LINE}{{mapped_line}}/sync/", post=operators(204)),
    row(f"{LINE}<int:pk>/receipt/", f"{LINE}{{line}}/receipt/", get=viewers()),
    row(f"{LINE}<int:pk>/retry/", f"{LINE}{{changed_line}}/retry/", post=operators()),
    row(
        f"{LINE}<int:pk>/retry/<int:run_id>/",
        f"{LINE}{{changed_line}}/retry/{{retry}}/",
        get=operators(),
        post=operators(204),
    ),
    row(f"{LINE}<int:pk>/undo/", f"{LINE}{{synced_line}}/undo/", post=administrators()),
    row(f"{RUN}<int:pk>/undo/", f"{RUN}{{done_run}}/undo/", post=administrators()),
    row(f"{RUN}<int:pk>/undo/rest/", f"{RUN}{{stopped_undo}}/undo/rest/", post=administrators()),
    row(RUN, get=viewers()),
    row(f"{RUN}<int:pk>/", f"{RUN}{{preview}}/", get=viewers()),
    row(f"{RUN}<int:pk>/watch/", f"{RUN}{{preview}}/watch/", get=viewers(204)),
    row(f"{RUN}<int:pk>/customers/", f"{RUN}{{preview}}/customers/", get=viewers()),
    row(f"{RUN}<int:pk>/rows.csv", f"{RUN}{{preview}}/rows.csv", get=viewers()),
    row(f"{RUN}<int:pk>/ends/", f"{RUN}{{preview}}/ends/", get=viewers()),
    row(f"{RUN}<int:pk>/ends/tick/", f"{RUN}{{preview}}/ends/tick/", post=operators(204)),
    row(f"{RUN}<int:pk>/confirm/", f"{RUN}{{preview}}/confirm/", post=operators(epoch="{epoch}")),
    row(f"{RUN}<int:pk>/again/", f"{RUN}{{preview}}/again/", post=operators()),
    row(f"{RUN}<int:pk>/rest/", f"{RUN}{{stopped_run}}/rest/", post=operators()),
    row(f"{RUN}<int:pk>/end-long/", f"{RUN}{{preview}}/end-long/", post=operators()),
    row(f"{INVOICES}run/", get=viewers()),
    row(f"{INVOICES}run/stop/", post=operators()),
]
# What is taken back is an Administrator's, also where the address is an Operator's else.
UNDO = [
    row(f"{RUN}<int:pk>/confirm/", f"{RUN}{{undo}}/confirm/", post=administrators(epoch="1")),
    row(f"{RUN}<int:pk>/again/", f"{RUN}{{undo}}/again/", post=administrators()),
]


def _tab(name: str, record: str, target: str, other: str) -> list[Row]:
    """Organizations and Products have the same addresses; `other` is mapped already."""
    tab = f"mapping/{name}/"
    one, free, mapped = f"{tab}<int:pk>/", f"{tab}{{{record}}}/", f"{tab}{{{other}}}/"
    names_it: Method = operators(target=f"{{{target}}}")
    return [
        row(tab, get=viewers()),
        row(f"{tab}progress/", get=viewers()),
        row(one, free, get=viewers()),
        row(f"{one}edit/", f"{free}edit/", get=operators(), post=names_it),
        row(f"{one}effect/", f"{free}effect/?target={{{target}}}", get=tried(operators())),
        row(f"{one}unmap/", f"{mapped}unmap/", get=tried(operators()), post=operators()),
        row(f"{one}accept/", f"{free}accept/", post=names_it),
        row(f"{one}dismiss/", f"{free}dismiss/", post=names_it),
        row(f"{tab}accept/", get=operators(), post=operators(422, mark="old")),
        row(f"{one}history/", f"{free}history/", get=viewers()),
    ]


MAPPING = [
    *_tab("organizations", "organization", "company", "mapped_organization"),
    *_tab("products", "offer", "product", "mapped_offer"),
    row("mapping/organizations/sync/", post=operators()),
    row("mapping/products/load/", get=operators(), post=operators(months="3")),
    row(
        "mapping/products/<int:pk>/own/",
        "mapping/products/{offer}/own/",
        get=viewers(),
        post=operators(organization="{organization}", target="{product}"),
    ),
    row(
        "mapping/products/<int:pk>/own/effect/",
        "mapping/products/{offer}/own/effect/?organization={organization}&target={product}",
        get=tried(operators()),
    ),
    row(
        "mapping/products/<int:pk>/own/<int:organization_pk>/remove/",
        "mapping/products/{own_offer}/own/{own_organization}/remove/",
        get=tried(operators()),
        post=operators(),
    ),
    row("mapping/history/", get=viewers()),
    row("mapping/history/<uuid:batch>/", "mapping/history/{batch}/", get=viewers()),
    row(
        "mapping/history/<uuid:batch>/revert/",
        "mapping/history/{batch}/revert/",
        get=operators(),
        post=operators(422, mark="old"),
    ),
    row(
        "mapping/history/<int:pk>/revert/",
        "mapping/history/{change}/revert/",
        get=operators(),
        post=operators(422, mark="old"),
    ),
    row("mapping/export.csv", get=viewers()),
    row("mapping/import/", get=operators(), post=operators(422)),
    row(
        "mapping/import/<int:pk>/",
        "mapping/import/{mapping_file}/",
        get=operators(),
        post=operators(422, mark="old"),
    ),
    row("mapping/best-practices/", get=viewers()),
    row("mapping/pick/organizations/", get=viewers()),
    row("mapping/pick/companies/", get=viewers()),
    row("mapping/pick/products/", get=viewers()),
    row("mapping/pick/agreements/", "mapping/pick/agreements/?company={company}", get=viewers()),
]

PAGES = [*FRAME, *GRID, *SYNC, *UNDO, *MAPPING]
