"""What changes mappings and the directory; other apps import from here."""

from mapping.services.choices import By, MappingRefused
from mapping.services.mappings import set_agreement, set_company, set_product
from mapping.services.remember import remember_line_choice

__all__ = [
    "By",
    "MappingRefused",
    "remember_line_choice",
    "set_agreement",
    "set_company",
    "set_product",
]
