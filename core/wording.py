"""From pydantic's findings to one sentence a person can act on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MAX_LENGTH = 200  # characters of the field's name, and of what is wrong with it: both may quote what was sent
NO_JSON = "The body of the request could not be read as JSON."
NO_OBJECT = "The body of the request should be a JSON object."
NOT_AN_OBJECT = ("missing", "dict_type", "model_type", "model_attributes_type")


def explain_invalid(errors: Iterable[Mapping[str, Any]]) -> str:
    """One sentence for the first of pydantic's `errors()`, naming the field: "steps: should be at most 150."."""
    first = next(iter(errors), None)
    if first is None:
        return "The request could not be understood."
    if first.get("type") == "json_invalid":
        return NO_JSON
    place = ".".join(str(part) for part in first.get("loc", ()) if part not in ("body", "query", "path"))
    if not place and first.get("type") in NOT_AN_OBJECT:
        return NO_OBJECT
    message = str(first.get("msg", "is not valid")).removeprefix("Value error, ").removeprefix("Input ")
    message = _shortened(message.rstrip("."))
    return f"{_shortened(place)}: {message}." if place else f"{message[:1].upper()}{message[1:]}."


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_LENGTH else f"{text[:MAX_LENGTH]} ..."
