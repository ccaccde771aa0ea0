"""Brings a month's invoice lines from the Platform into our table: start, claim, read, apply."""
