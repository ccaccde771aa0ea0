"""Addresses of the System Log."""

from django.urls import path, re_path

from integration.system_log import views

app_name = "system_log"
urlpatterns = [
    path("", views.log_list, name="list"),
    path("news/", views.news, name="news"),
    # A bad line's id is whatever the Platform sent, line breaks included.
    re_path(r"^(?P<kind>line|run|load|mapping)/(?P<key>[\s\S]+)/$", views.about, name="about"),
]
