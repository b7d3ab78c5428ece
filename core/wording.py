"""From pydantic's findings to one sentence a person can act on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def explain_invalid(errors: Iterable[Mapping[str, Any]]) -> str:
    """One sentence for the first of pydantic's `errors()`, naming the field: "steps: should be at most 150."."""
    first = next(iter(errors), None)
    if first is None:
        return "The request could not be understood."
    place = ".".join(str(part) for part in first.get("loc", ()) if part not in ("body", "query", "path"))
    message = str(first.get("msg", "is not valid")).removeprefix("Value error, ").removeprefix("Input ")
    message = message.rstrip(".")
    return f"{place}: {message}." if place else f"{message[:1].upper()}{message[1:]}."
