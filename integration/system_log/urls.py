"""Addresses of the System Log."""

from django.urls import path

from integration.system_log import views

app_name = "system_log"
urlpatterns = [path("", views.log_list, name="list")]
