"""The CSV file of mappings: what is forgiven, what is told, and that writing and reading agree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoices.mapping_rows import BadMappingFile, Fault, MappingRow, read_rows, write_rows

HEAD = "kind,platform_id,contract_id,connectwise_id\n"
FULL_HEAD = "kind,platform_id,contract_id,connectwise_id,organization_id,offer_id\n"


def errors_of(text: str) -> list[str]:
    """Of the rows, or of the whole file."""
    try:
        return [str(fault) for fault in read_rows(text).faults]
    except BadMappingFile as told:
        return told.errors


def test_rows_come_with_their_lines() -> None:
    text = HEAD + "organization,ORG-1,,12\n\nagreement,ORG-1,CON-1,new\n"

    assert read_rows(text).rows == [
        (2, MappingRow(kind="organization", platform_id="ORG-1", connectwise_id="12")),
        (
            4,
            MappingRow(
                kind="agreement", platform_id="ORG-1", contract_id="CON-1", connectwise_id="new"
            ),
        ),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + HEAD + "organization,ORG-1,,12\n",
        HEAD.replace(",", ";") + "organization;ORG-1;;12\n",
        "Kind, Platform_ID ,contract_id,connectwise_id\r\nOrganization, ORG-1 ,, 0012\r\n",
        "connectwise_id,kind,contract_id,platform_id\n12,organization,,ORG-1\n",
        FULL_HEAD + '"organization","ORG-1","","12","",""',
        HEAD + "organization,ORG-1,,12\n,,,\norganization,ORG-1,,12\n",
        "sep=;\r\n" + HEAD.replace(",", ";") + "organization;ORG-1;;12\r\n",
        FULL_HEAD.replace(",", "\t") + "organization\tORG-1\t\t12\n",
        FULL_HEAD.strip() + ",,\norganization,ORG-1,,12,,,,,\n",
        FULL_HEAD + "organization,ORG-1,,12\n",
    ],
)
def test_what_spreadsheets_do_to_files_is_forgiven(text: str) -> None:
    rows = {row for _, row in read_rows(text).rows}

    assert rows == {MappingRow(kind="organization", platform_id="ORG-1", connectwise_id="12")}


@pytest.mark.parametrize(
    ("row", "error"),
    [
        (
            "company,ORG-1,,12,,",
            "line 2: kind is “company”: write organization, offer or agreement",
        ),
        (
            "organization,,,12,,",
            "line 2: platform_id is empty: write the ID that the Platform gave it",
        ),
        (
            "agreement,ORG-1,,12,,",
            "line 2: contract_id is empty: an agreement is chosen for one contract",
        ),
        (
            "organization,ORG-1,CON-1,12,,",
            "line 2: contract_id has no meaning in a row of kind organization: leave it empty",
        ),
        (
            "agreement,ORG-1,CON-1,12,ORG-2,",
            "line 2: organization_id has no meaning in a row of kind agreement: leave it empty",
        ),
        (
            "offer,OFF-1,,new,,",
            "line 2: connectwise_id is “new”: write the number ConnectWise gave it",
        ),
        (
            "agreement,ORG-1,CON-1,,,",
            "line 2: connectwise_id is “”: write the number ConnectWise gave it or new",
        ),
        ("offer,OFF-1,,²,,", "line 2: connectwise_id is “²”: write the number ConnectWise gave it"),
        ("offer,OFF-1,,0,,", "line 2: connectwise_id is “”: write the number ConnectWise gave it"),
        (
            "offer,OFF-1,,99999999999999999999,,",
            "line 2: connectwise_id is “99999999999999999999”: write the number ConnectWise gave it",
        ),
        (  # more digits than Python makes a number of
            f"offer,OFF-1,,{'9' * 5000},,",
            f"line 2: connectwise_id is “{'9' * 5000}”: write the number ConnectWise gave it",
        ),
        (
            "offer,OFF-1,,12,,,OFF-2",
            "line 2: 7 cells instead of 6: put a cell with a comma in quotes",
        ),
        (
            "offer,OFF-1,,12,,\noffer,OFF-1,,13,,",
            "line 3: says 13 where line 2 says 12: keep one of them",
        ),
        (
            'agreement,ORG-1,"two\nlines",new,,\n"",OFF-1,,12',
            "line 4: kind is “”: write organization, offer or agreement",
        ),
        (
            'offer,OFF-1,,12\noffer,"OFF-1,,12,,',
            "line 3: not readable as CSV (unexpected end of data). "
            "Look for a quotation mark that isn't closed",
        ),
    ],
)
def test_every_fault_is_told_with_its_line(row: str, error: str) -> None:
    assert errors_of(FULL_HEAD + row + "\n") == [error]


def test_all_faults_are_told_at_once() -> None:
    assert len(errors_of(HEAD + "offer,,,x\nfoo,1,,2\n")) == 3


@pytest.mark.parametrize(
    ("head", "error"),
    [
        ("", "line 1: the column kind is missing"),
        ("kind,platform_id,contract_id\n", "line 1: the column connectwise_id is missing"),
        (HEAD.strip() + ",name\n", "line 1: there is no column name"),
        (HEAD.strip() + ",offer_id,offer_id\n", "line 1: a column stands there twice"),
    ],
)
def test_a_wrong_head_is_told(head: str, error: str) -> None:
    assert errors_of(head)[0].startswith(error)


def test_the_good_rows_come_beside_the_faults() -> None:
    read = read_rows(HEAD + "offer,OFF-1,,12\noffer,,,12\n")

    assert [line for line, _ in read.rows] == [2]
    assert [fault.line for fault in read.faults] == [3]


def test_faults_are_told_in_the_order_of_the_file() -> None:
    told = BadMappingFile([Fault(12, "late"), Fault(3, "early")])

    assert told.errors == ["line 3: early", "line 12: late"]


# Whatever the systems call their records; even blanks around it belong to a name.
ids = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), min_size=1, max_size=20
)
numbers = st.integers(1, 2**31 - 1).map(str)
organizations = st.builds(
    MappingRow, kind=st.just("organization"), platform_id=ids, connectwise_id=numbers
)
offers = st.builds(
    MappingRow,
    kind=st.just("offer"),
    platform_id=ids,
    connectwise_id=numbers,
    organization_id=st.just("") | ids,
)
agreements = st.builds(
    MappingRow,
    kind=st.just("agreement"),
    platform_id=ids,
    contract_id=ids,
    connectwise_id=numbers | st.just("new"),
    offer_id=st.just("") | ids,
)


@given(st.lists(organizations | offers | agreements, unique_by=lambda row: row.target))
def test_what_is_written_is_read_back(rows: list[MappingRow]) -> None:
    assert [row for _, row in read_rows(write_rows(rows)).rows] == rows


def test_formulas_are_defused() -> None:
    row = MappingRow(kind="offer", platform_id="=1+1", connectwise_id="3")

    assert "'=1+1" in write_rows([row])
