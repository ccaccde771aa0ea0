"""What changes mappings and the directory; other apps import from here."""

from mapping.services.choices import By, MappingRefused
from mapping.services.directory import (
    RefreshUnderWay,
    run_refresh,
    start_refresh,
    waiting_refreshes,
)
from mapping.services.mappings import set_agreement, set_company, set_product
from mapping.services.remember import remember_choices

__all__ = [
    "By",
    "MappingRefused",
    "RefreshUnderWay",
    "remember_choices",
    "run_refresh",
    "set_agreement",
    "set_company",
    "set_product",
    "start_refresh",
    "waiting_refreshes",
]
