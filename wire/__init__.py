"""What both remotes share: one session, one rate limit, one error taxonomy, exact JSON, secrets."""
