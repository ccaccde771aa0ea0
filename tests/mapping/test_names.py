"""How names are read: what counts in them, and what doesn't."""

import pytest

from mapping.names import Kind, code_key, read_name, same_key, search_text


def read(text: str, kind: Kind = "organization", vendor: str = "") -> tuple[str, set[str]]:
    name = read_name(text, kind, vendor)[0]
    return name.text, set(name.forms)


@pytest.mark.parametrize(
    ("text", "words", "forms"),
    [
        ("Nordwind Logistik GmbH", "nordwind logistik", {"GmbH"}),
        ("Alpine Sports Ges.m.b.H.", "alpine sports", {"GmbH"}),
        ("Baumann Metallbau GmbH & Co. KG", "baumann metallbau", {"GmbH", "& Co. KG"}),
        ("Drukarnia Łódź Sp. z o.o.", "drukarnia lodz", {"Sp. z o.o."}),
        ("Novák Stavební s.r.o.", "novak stavebni", {"s.r.o."}),
        ("Y\u0131ld\u0131z Tekstil A.Ş.", "yildiz tekstil", {"A/S"}),
        ("Sørensen & Co A/S", "sorensen", {"A/S"}),
        ("Sakura Trading Company, Limited", "sakura trading", {"Ltd"}),
        ("Straits Marine Pte. Ltd.", "straits marine", {"Ltd"}),
        ("Contoso GmbH Berlin", "contoso berlin", {"GmbH"}),
        ("AS Roma Fans", "as roma fans", set()),
        ("GmbH", "gmbh", set()),
        ("The Acme Corporation", "acme", {"Corp"}),
        ("O’Brien Plumbing", "obrien plumbing", set()),
        ("Boulangerie Benoît & Fils", "boulangerie benoit fils", set()),
        ("Jones y Smith", "jones smith", set()),
        ("Smith & Jones, Intl.", "smith jones international", set()),
        ("Contoso (formerly Fabrikam)", "contoso", set()),
        ("", "", set()),
        ("???", "", set()),
    ],
)
def test_a_customers_name(text: str, words: str, forms: set[str]) -> None:
    assert read(text) == (words, forms)


@pytest.mark.parametrize(
    ("text", "vendor", "words"),
    [
        ("M365 Bus Prem", "", "microsoft 365 business premium"),
        ("Microsoft 365 E3", "Microsoft", "365 e3"),
        ("Microsoft", "Microsoft", "microsoft"),
        ("Team Viewer Premium", "TeamViewer", "premium"),
        ("[NCE] Visio Plan 2", "Microsoft", "visio plan 2"),
        ("Hosted Storage 100GB", "", "hosted storage 100 gb"),
        ("Creative Cloud for teams - All Apps", "Adobe", "creative cloud teams all apps"),
    ],
)
def test_an_offers_name(text: str, vendor: str, words: str) -> None:
    assert read(text, "offer", vendor) == (words, set())


def test_umlauts_are_spelt_in_two_ways() -> None:
    [word, _] = read_name("Müller Elektro", "organization")[0].words

    assert word.ways == {"muller", "mueller"}
    assert search_text("Mueller", "organization") == search_text("Müller", "organization")


def test_a_trading_name_is_a_name_too() -> None:
    readings = read_name("JB Holdings t/a Corner Coffee", "organization")

    assert [name.text for name in readings] == ["jb holdings", "corner coffee"]


def test_an_abbreviation_with_several_meanings_is_read_in_each() -> None:
    readings = {name.text for name in read_name("v.d. Berg", "organization")}

    assert {"van den berg", "von der berg"} <= readings


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("Contoso Ltd", "CONTOSO Limited", True),
        ("Contoso Ltd", "Contoso", False),
        ("Blue Bird", "Bird Blue", False),
    ],
)
def test_the_key_of_namesakes(left: str, right: str, same: bool) -> None:
    assert (same_key(left, "organization") == same_key(right, "organization")) is same


def test_codes_are_compared_without_what_hands_leave_out() -> None:
    assert code_key(" K-10 021 ") == code_key("k10021")
    assert code_key("--") == ""


@pytest.mark.parametrize("kind", ["organization", "offer"])
@pytest.mark.parametrize(
    "text", ["\0", "t/a", "v.d.", "a" * 5000, "日本 株式会社", "🙂", "ß", "ﬁrm"]
)
def test_any_text_is_read(text: str, kind: Kind) -> None:
    assert read_name(text, kind, text)
    assert isinstance(search_text(text, kind), str)
