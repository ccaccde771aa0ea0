"""The stand-ins' answers hold what both OpenAPI files promise; and they are strangers to the product."""

import ast
import sys
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS30Validator, OAS31Validator, oas30_format_checker

from psa_connectwise.sandbox.names import NAMES
from tests.contracts import published
from tests.sandbox.conftest import ACTIVE, ADDITIONS, NOVEMBER, Caller, addition

ROOT = Path(__file__).parents[2]


def check_connectwise(value: Any, name: str) -> None:
    """Valid, dates included, and without a property that the model doesn't know."""
    spec = published.connectwise()
    schema = {"allOf": [{"$ref": f"#/components/schemas/{name}"}], "components": spec["components"]}
    for record in value if isinstance(value, list) else [value]:
        OAS30Validator(schema, format_checker=oas30_format_checker).validate(record)
        unknown = record.keys() - spec["components"]["schemas"][name]["properties"].keys()
        assert not unknown, unknown


def check_platform(value: Any, path: str, status: int = 200) -> None:
    spec = published.platform()
    responses = spec["paths"][path]["get"]["responses"]
    if status == 200:
        schema = responses["200"]["content"]["application/json"]["schema"]
    else:
        schema = {"$ref": "#/components/schemas/Problem"}
    OAS31Validator({"allOf": [schema], "components": spec["components"]}).validate(value)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/company/companies", "Company"),
        ("/finance/agreements", "Agreement"),
        ("/finance/agreements/types", "AgreementType"),
        ("/finance/agreements/803/additions", "Addition"),
        ("/procurement/catalog", "CatalogItem"),
        ("/system/info", "Info"),
        ("/company/companies/count", "Count"),
        (f"/finance/agreements/{ACTIVE}", "Agreement"),
    ],
)
def test_connectwise_answers_its_model(connectwise: Caller, path: str, name: str) -> None:
    answer = connectwise.get(path, pageSize=1000)
    assert answer.status_code == 200
    check_connectwise(answer.json(), name)


def test_what_connectwise_writes_is_its_model_too(connectwise: Caller) -> None:
    made = connectwise.send("POST", ADDITIONS, addition()).json()
    check_connectwise(made, "Addition")
    operations = [{"op": "replace", "path": "cancelledDate", "value": "2026-11-30T00:00:00Z"}]
    check_connectwise(
        connectwise.send("PATCH", f"{ADDITIONS}/{made['id']}", operations).json(), "Addition"
    )
    body = {"name": "n", "type": {"id": 2}, "company": {"id": 250}, "contact": {"id": 2501}}
    check_connectwise(connectwise.send("POST", "/finance/agreements", body).json(), "Agreement")


def test_the_names_are_those_of_the_model() -> None:
    schemas = published.connectwise()["components"]["schemas"]
    models = {"companies": "Company", "types": "AgreementType", "agreements": "Agreement",
              "additions": "Addition", "catalog": "CatalogItem"}  # fmt: skip
    for kind, name in models.items():
        assert NAMES[kind] == schemas[name]["properties"].keys()


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/ping", {}),
        ("/organizations", {"limit": 1000}),
        ("/offers", {**NOVEMBER, "limit": 1000}),
        ("/invoice-lines", {**NOVEMBER, "limit": 1000}),
        ("/invoice-lines", {**NOVEMBER, "limit": 10}),
    ],
)
def test_the_platform_answers_its_contract(platform: Caller, path: str, query: Any) -> None:
    check_platform(platform.get(path, **query).json(), path)


@pytest.mark.parametrize("query", [{}, {**NOVEMBER, "limit": 0}, {**NOVEMBER, "cursor": "x"}])
def test_the_platforms_problems_keep_the_contract(platform: Caller, query: Any) -> None:
    answer = platform.get("/invoice-lines", **query)
    check_platform(answer.json(), "/invoice-lines", answer.status_code)


def test_every_refusal_that_was_recorded_is_answered_alike(connectwise: Caller) -> None:
    """The bodies we know, compared key by key with what the stand-in says to the same mistake."""
    known = {e["kind"].split(" (")[0]: e["body"] for e in published.connectwise_errors()}
    early = connectwise.send("POST", ADDITIONS, addition(effectiveDate="2020-01-01T00:00:00Z"))
    assert early.json() == known["addition before billing start"]
    closed = connectwise.send("POST", "/finance/agreements/803/additions", addition())
    assert closed.json() == known["period already invoiced, prorate off"]
    long = connectwise.send("POST", ADDITIONS, addition(serialNumber="x" * 51)).json()
    assert long["errors"][0].keys() == known["too long"]["errors"][0].keys()
    connectwise.running.faults.set(script=["429"], retry_after_seconds=30, denied=["catalog"])
    assert connectwise.send("POST", ADDITIONS, addition()).json() == known["throttled"]
    assert connectwise.get("/procurement/catalog").json() == known["security role"]
    connectwise.session.auth = ("kontor+public", "wrong")
    assert connectwise.get("/system/info").json() == known["bad keys"]


SOURCES = [
    path
    for folder in ("sandbox_kit", "platform_client/sandbox", "psa_connectwise/sandbox")
    for path in sorted((ROOT / folder).glob("*.py"))
]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.parent.name}/{path.name}")
def test_a_stand_in_imports_nothing_of_the_product(path: Path) -> None:
    own = (
        "sandbox_kit" if path.parent.name == "sandbox_kit" else f"{path.parent.parent.name}.sandbox"
    )
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = [node.module or ""]
        for name in names:
            allowed = name.split(".")[0] in sys.stdlib_module_names
            assert allowed or name.startswith(("sandbox_kit", own)), f"{path.name} imports {name}"
