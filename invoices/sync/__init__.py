"""Posting: plan, intent, call, record, settle."""
