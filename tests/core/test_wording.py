"""What pydantic finds becomes one sentence that names the field; every finding here is pydantic's own."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from core.picture import Picture
from core.wording import MAX_LENGTH, NO_JSON, NO_OBJECT, explain_invalid


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    start: float = 0.0
    end: float = 1.0

    @model_validator(mode="after")
    def _in_order(self) -> Inner:
        if self.start > self.end:
            raise ValueError("it must begin before it ends.")
        return self


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    steps: int = Field(ge=1, le=150, strict=True)
    lead: Literal["one", "other"] = "one"
    parts: tuple[Inner, ...] = ()
    source: Picture | None = None


class Tagged(BaseModel):
    kind: Literal["a"]


class OtherTag(BaseModel):
    kind: Literal["b"]


def sentence(value: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(value)
    return explain_invalid(caught.value.errors())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, "steps: Field required."),
        ({"steps": 0}, "steps: should be greater than or equal to 1."),
        ({"steps": 151}, "steps: should be less than or equal to 150."),
        ({"steps": "4"}, "steps: should be a valid integer."),
        ({"steps": 4, "lead": "none"}, "lead: should be 'one' or 'other'."),
        ({"steps": 4, "parts": [{}, {"start": 2}]}, "parts.1: it must begin before it ends."),
        ({"steps": 4, "parts": [{"end": float("nan")}]}, "parts.0.end: should be a finite number."),
        ({"steps": 4, "colour": 1}, "colour: Extra inputs are not permitted."),
        ({"steps": 4, "source": "no picture"}, "source: A picture must be given as base64 text."),
        ([], NO_OBJECT),
        (None, NO_OBJECT),
        ("text", NO_OBJECT),
    ],
    ids=str,
)
def test_sentences(value: Any, expected: str) -> None:
    assert sentence(value) == expected


@pytest.mark.parametrize("place", ["body", "query", "path"])
def test_where_in_the_request_it_stood_is_left_out(place: str) -> None:
    assert explain_invalid([{"loc": (place, "steps"), "msg": "Input should be a number"}]) == (
        "steps: should be a number."
    )


def test_broken_json_is_said_in_words() -> None:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate_json('{"steps": ')
    assert explain_invalid(caught.value.errors()) == NO_JSON
    as_fastapi_says_it = {"type": "json_invalid", "loc": ("body", 12), "msg": "JSON decode error"}
    assert explain_invalid([as_fastapi_says_it]) == NO_JSON


def test_only_the_first_finding_is_told() -> None:
    assert sentence({"steps": 0, "lead": "none"}) == "steps: should be greater than or equal to 1."


def test_what_was_sent_cannot_make_the_sentence_long() -> None:
    assert len(sentence({"steps": 4, "x" * 100_000: 1})) < 2 * MAX_LENGTH
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Tagged | OtherTag).validate_python({"kind": "y"})
    assert explain_invalid(caught.value.errors()).startswith("Tagged.kind: should be 'a'")
    quoted = [{"loc": ("kind",), "msg": f"Input tag {'y' * 100_000} does not match"}]
    assert len(explain_invalid(quoted)) < 2 * MAX_LENGTH


def test_nothing_found_is_a_sentence_too() -> None:
    assert explain_invalid([]) == "The request could not be understood."
    assert explain_invalid([{}]) == "Is not valid."
    assert explain_invalid([{"msg": "Value error, the picture is missing."}]) == "The picture is missing."
