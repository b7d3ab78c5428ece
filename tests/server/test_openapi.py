"""The OpenAPI document, held against the running server by schemathesis."""

from __future__ import annotations

from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

pytestmark = pytest.mark.slow

CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
EXAMPLES = 25  # per operation and per kind of data


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["valid", "invalid"])
def test_api_keeps_to_its_document(served, mode: GenerationMode) -> None:
    """Valid and invalid data for every operation: the statuses, kinds and bodies are those the document promises."""
    schema = schemathesis.openapi.from_url(f"{served.url}/api/v1/openapi.json")
    operations: list[Any] = [cast(Any, result).ok() for result in schema.get_all_operations()]
    operations = [operation for operation in operations if not operation.path.endswith("/events")]  # test_rest.py
    assert len(operations) >= 10
    for operation in operations:
        if mode is GenerationMode.NEGATIVE and not (operation.body or operation.path_parameters or operation.query):
            continue  # nothing that could be invalid
        statuses = call_many_times(operation, mode, served.engine)
        assert statuses, f"nothing was asked of {operation.label}"
        if mode is GenerationMode.NEGATIVE and operation.body:
            assert all(status >= 400 for status in statuses), f"{operation.label} accepted an invalid body"


def call_many_times(operation, mode: GenerationMode, engine) -> list[int]:
    """Send generated data to one operation, check every answer, and return their statuses."""
    statuses: list[int] = []

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck])  # pyright: ignore[reportArgumentType]
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case) -> None:
        response = case.call()
        statuses.append(response.status_code)
        case.validate_response(response, checks=CHECKS)
        for run in list(engine._runs.values()):  # what is started here need not run to its end
            engine.cancel(run.id)

    check()
    return statuses


def test_document_is_the_api(served) -> None:
    import httpx

    document = httpx.get(f"{served.url}/api/v1/openapi.json").json()
    assert set(document["paths"]) >= {
        "/runs", "/runs/{run_id}", "/runs/{run_id}/events", "/runs/{run_id}/pictures/{index}.png",
        "/runs/{run_id}/maps/{index}.png", "/annotate", "/library", "/health", "/pictures",
    }  # fmt: skip
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description") or operation.get("summary"), f"{method} {path} is undocumented"
            schema = operation["responses"].get("422", {}).get("content", {}).get("application/json", {}).get("schema")
            assert schema is None or schema["$ref"].endswith("/ErrorBody")
