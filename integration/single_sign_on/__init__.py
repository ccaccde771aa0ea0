"""Optional sign-in by OpenID Connect: who a provider says somebody is, never more than a role."""
