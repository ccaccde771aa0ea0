"""Signing in: with a password, or, on a new installation, as its first Administrator; and another password."""

from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from integration.changes import keep_change
from integration.first_administrator import TooLate, is_awaited, make_first_administrator
from integration.forms import FirstAdministratorForm, OwnPasswordForm
from integration.sessions import ENDED


@method_decorator(login_not_required, name="dispatch")
class SignIn(LoginView):
    """The login page; it leads on where there is nobody yet who could sign in."""

    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        told = {"single_sign_on": settings.SINGLE_SIGN_ON, "ended": ENDED in self.request.session}
        return super().get_context_data(**told, **kwargs)

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """While there is nobody to sign in, it leads to where the first Administrator is made."""
        if is_awaited():
            return redirect("first_administrator")
        return super().get(request, *args, **kwargs)


class ChangePassword(PasswordChangeView):
    """For everybody who has one here; Django admin has such a page for its staff only."""

    form_class = OwnPasswordForm
    template_name = "registration/change_password.html"
    success_url = settings.LOGIN_REDIRECT_URL

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """404 for who signs in elsewhere, by single sign-on."""
        if not cast(User, request.user).has_usable_password():
            raise Http404  # theirs is the provider's
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"request": self.request}

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        answer = super().form_valid(form)
        keep_change(user=form.user, about=form.user, told=["Password: changed"])
        messages.success(
            self.request, "Your password is changed. You are signed out everywhere else."
        )
        return answer

    def form_invalid(self, form: PasswordChangeForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def first_administrator(request: HttpRequest) -> HttpResponse:
    """There only while nobody has a user."""
    if not is_awaited():
        return redirect("login")
    form = FirstAdministratorForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        user = form.save(commit=False)
        try:
            make_first_administrator(user)
        except TooLate:
            return redirect("login")
        login(request, user, backend=settings.OWN_PASSWORDS)
        return redirect("settings_authentication")
    status = 422 if form.is_bound else 200
    return render(request, "registration/first_administrator.html", {"form": form}, status=status)
