"""The whole site's addresses."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, include, path

from integration.single_sign_on import views as sso
from integration.views import dashboard, health, metrics, settings, signing_in

urlpatterns: list[URLPattern | URLResolver] = [
    path("", dashboard.dashboard, name="dashboard"),
    path("mapping/invoices/", include("invoices.urls")),
    path("mapping/", include("invoices.mapping_urls")),
    path("mapping/", include("mapping.urls")),
    path("logs/", include("integration.system_log.urls")),
    path("settings/", settings.authentication, name="settings_authentication"),
    path("settings/test/", settings.test_connection, name="settings_test_connection"),
    path("settings/configuration/", settings.configuration, name="settings_configuration"),
    path(
        "settings/configuration/agreement-types/",
        settings.refresh_agreement_types,
        name="settings_refresh_agreement_types",
    ),
    path("settings/changes/", settings.changes, name="settings_changes"),
    path("settings/dictionary/", settings.dictionary, name="settings_dictionary"),
    path("accounts/login/", signing_in.SignIn.as_view(), name="login"),
    path("accounts/first/", signing_in.first_administrator, name="first_administrator"),
    path("accounts/sso/", sso.begin, name="single_sign_on"),
    path("accounts/sso/back/", sso.come_back, name="single_sign_on_back"),
    path("accounts/password/", signing_in.ChangePassword.as_view(), name="change_password"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
    path("news/", dashboard.news, name="dashboard_news"),
    path("months/", dashboard.months, name="dashboard_months"),
    path("reports/", dashboard.mailed_reports, name="mailed_reports"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
]

handler400 = "integration.views.errors.bad_request"
handler403 = "integration.views.errors.permission_denied"
handler404 = "integration.views.errors.not_found"
handler500 = "integration.views.errors.server_error"
