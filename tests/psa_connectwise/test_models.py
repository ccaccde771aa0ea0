"""What a row says about itself."""

import datetime as dt

import pytest
from django.db import IntegrityError, connection

from psa_connectwise.models import Agreement, Company, ConnectWiseSettings


@pytest.mark.parametrize(
    ("end", "no_end", "ended"),
    [
        (dt.date(2026, 5, 31), False, False),
        (dt.date(2026, 5, 30), False, True),
        (dt.date(2026, 5, 30), True, False),
        (None, False, False),
    ],
)
def test_an_agreement_has_ended_after_its_last_day(
    end: dt.date | None, no_end: bool, ended: bool
) -> None:
    assert Agreement(end_date=end, no_end=no_end).has_ended(dt.date(2026, 5, 31)) is ended


def test_records_show_their_name() -> None:
    assert str(Company(name="Acme")) == "Acme"


@pytest.mark.django_db
def test_there_is_one_row_of_settings_with_safe_defaults() -> None:
    saved = ConnectWiseSettings.load()
    assert (saved.reference_field, saved.price_decimals) == ("serialNumber", 4)
    assert ConnectWiseSettings.load().pk == saved.pk
    with pytest.raises(IntegrityError):
        ConnectWiseSettings.objects.create(id=2)


@pytest.mark.django_db
def test_names_are_searched_by_their_trigrams() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT similarity('acme ltd', 'acme limited') > 0.3, unaccent('ä')")
        assert cursor.fetchone() == (True, "a")
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'company_search'")
        assert "gin_trgm_ops" in cursor.fetchone()[0]
