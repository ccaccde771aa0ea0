"""Who of the provider's people is which user, and the role they get for it.

A claim never makes a superuser, nor signs one in: whoever runs the provider would be one then.
"""

import logging
from collections.abc import Mapping
from typing import Any

from django.contrib.admin.models import ADDITION
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from integration.changes import keep_change
from integration.roles import ADMINISTRATOR, ROLES
from integration.single_sign_on.configured import SingleSignOn
from integration.single_sign_on.models import Identity
from integration.single_sign_on.provider import SignInRefused, configuration

logger = logging.getLogger(__name__)

ASK = "Ask an Administrator."


def person_of(claims: Mapping[str, Any]) -> User:
    """The user whom these claims are about, made where there is none; raises SignInRefused."""
    configured = configuration()
    subject = str(claims["sub"])
    with transaction.atomic():
        known = Identity.objects.select_related("user").filter(
            issuer=configured.issuer, subject=subject
        )
        identity = known.first()
        user = identity.user if identity else _by_email(claims, configured)
        if not user.is_active:
            raise SignInRefused(f"Your user is switched off here. {ASK}")
        if user.is_superuser:
            raise SignInRefused("A superuser signs in with the password that is kept here.")
        if identity is None:
            _link(user, configured.issuer, subject)
        if configured.gives_roles:
            _give_roles(user, claims, configured)
    return user


def _by_email(claims: Mapping[str, Any], configured: SingleSignOn) -> User:
    """The one user of this address, or a new one; the provider has to have checked the address."""
    email = str(claims.get("email") or "").strip()
    try:
        validate_email(email)
    except ValidationError as error:
        raise SignInRefused(
            f"The provider told no e-mail address of yours, so nobody knows who you are here. {ASK}"
        ) from error
    if not configured.trusts_email and claims.get("email_verified") not in (True, "true"):
        raise SignInRefused(f"The provider has not confirmed your e-mail address yet. {ASK}")
    found = list(User.objects.select_for_update().filter(email__iexact=email)[:2])
    if len(found) > 1:
        raise SignInRefused(f"Several users here have your e-mail address. {ASK}")
    return found[0] if found else _new_user(email, claims, configured)


def _new_user(email: str, claims: Mapping[str, Any], configured: SingleSignOn) -> User:
    name = email.lower()
    if User.objects.filter(username__iexact=name).exists():
        raise SignInRefused(
            f"A user is called like your e-mail address, but has another one. {ASK}"
        )
    user = User(
        username=name,
        email=email,
        first_name=str(claims.get("given_name") or "")[:150],
        last_name=str(claims.get("family_name") or "")[:150],
    )
    user.set_unusable_password()
    user.save()
    if configured.new_user_role:
        user.groups.add(Group.objects.get(name=configured.new_user_role))
    told = [f"Username: {name}", f"role: {configured.new_user_role or 'none'}", "by single sign-on"]
    keep_change(user=user, about=user, told=told, action=ADDITION)
    logger.info("%s is a new user, by single sign-on", name)
    return user


def _link(user: User, issuer: str, subject: str) -> None:
    """An address that went to somebody else must not bring its former owner's user along."""
    if user.identities.filter(issuer=issuer).exists():
        raise SignInRefused(f"Your e-mail address belongs to somebody else's user here. {ASK}")
    Identity.objects.create(user=user, issuer=issuer, subject=subject)


def _give_roles(user: User, claims: Mapping[str, Any], configured: SingleSignOn) -> None:
    """Our three roles as the provider's groups have them now; other groups of ours stay."""
    told = claims.get(configured.groups_claim) or []
    groups = {str(one) for one in (told if isinstance(told, list) else [told])}
    wanted = {role for role, names in configured.groups.items() if names & groups}
    held = set(user.groups.filter(name__in=ROLES).values_list("name", flat=True))
    if wanted == held:
        return
    user.groups.remove(*Group.objects.filter(name__in=held - wanted))
    user.groups.add(*Group.objects.filter(name__in=wanted - held))
    user.is_staff = ADMINISTRATOR in wanted  # rules and users are in Django admin
    user.save(update_fields=["is_staff"])
    before, after = (", ".join(sorted(roles)) or "none" for roles in (held, wanted))
    keep_change(user=user, about=user, told=[f"Roles: {before} → {after}, by single sign-on"])
