"""What holds for all annotators: their settings, their JSON, and the two that look at no content."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import TypeAdapter, ValidationError

from annotators import ANNOTATORS, Annotator, AnyAnnotator, Canny, Invert, Scribble, Unchanged
from core.picture import Picture

ANY: TypeAdapter[Annotator] = TypeAdapter(AnyAnnotator)
pictures = arrays(np.uint8, st.tuples(st.integers(1, 24), st.integers(1, 24), st.just(3))).map(Picture)
every_annotator = st.one_of(
    st.builds(
        Scribble, threshold=st.integers(1, 254), polarity=st.sampled_from(["auto", "dark_on_light", "light_on_dark"])
    ),
    st.builds(Canny, low=st.integers(0, 255), high=st.integers(0, 255)),
    st.just(Invert()),
    st.just(Unchanged()),
)

OUT_OF_BOUNDS = [
    {"kind": "canny", "low": -1},
    {"kind": "canny", "low": 256},
    {"kind": "canny", "high": -1},
    {"kind": "canny", "high": 256},
    {"kind": "canny", "low": 10.5},
    {"kind": "canny", "low": "100"},
    {"kind": "canny", "low": True},
    {"kind": "canny", "low": None},
    {"kind": "canny", "low": float("nan")},
    {"kind": "canny", "high": float("inf")},
    {"kind": "canny", "threshold": 3},
    {"kind": "scribble", "threshold": 0},
    {"kind": "scribble", "threshold": 255},
    {"kind": "scribble", "threshold": 1e300},
    {"kind": "scribble", "threshold": "a"},
    {"kind": "scribble", "polarity": "sideways"},
    {"kind": "scribble", "polarity": None},
    {"kind": "invert", "low": 1},
    {"kind": "none", "anything": 1},
    {"kind": "openpose"},
    {"kind": None},
    {},
]


@pytest.mark.parametrize("fields", OUT_OF_BOUNDS, ids=str)
def test_what_is_out_of_bounds_is_refused(fields: dict) -> None:
    with pytest.raises(ValidationError):
        ANY.validate_python(fields)


@pytest.mark.parametrize("fields", [{"low": 0, "high": 255}, {"low": 255, "high": 0}])
def test_the_bounds_themselves_are_allowed(fields: dict) -> None:
    assert Canny(**fields).model_dump() == {"kind": "canny", **fields}


def test_the_union_and_the_list_are_the_same_annotators() -> None:
    assert [type(ANY.validate_python({"kind": kind})) for kind in kinds()] == list(ANNOTATORS)
    assert len(set(kinds())) == len(ANNOTATORS)


def kinds() -> list[str]:
    return [annotator.model_fields["kind"].default for annotator in ANNOTATORS]


@pytest.mark.parametrize("annotator", ANNOTATORS)
def test_every_setting_can_be_shown(annotator: type[Annotator]) -> None:
    assert annotator.title and annotator.summary
    for name, field in annotator.model_fields.items():
        if name != "kind":
            assert field.title and field.description, f"{annotator.__name__}.{name} has no words"
    assert annotator() == annotator.model_validate({})


@given(every_annotator)
@settings(max_examples=50, deadline=None)
def test_settings_survive_json(annotator: Annotator) -> None:
    text = ANY.dump_json(annotator)
    assert ANY.validate_json(text) == annotator
    assert type(ANY.validate_python(json.loads(text))) is type(annotator)


@given(every_annotator)
@settings(max_examples=30, deadline=None)
def test_settings_are_values(annotator: Annotator) -> None:
    twin = annotator.model_copy(deep=True)
    assert twin == annotator and hash(twin) == hash(annotator)
    with pytest.raises(ValidationError):
        annotator.kind = "other"  # pyright: ignore[reportAttributeAccessIssue]


@given(every_annotator, pictures)
@settings(max_examples=80, deadline=None)
def test_every_map_is_a_read_only_picture_of_the_same_size(annotator: Annotator, picture: Picture) -> None:
    before = picture.digest
    made = annotator(picture)
    assert made.size == picture.size
    assert made.pixels.dtype == np.uint8 and made.pixels.shape == picture.pixels.shape
    with pytest.raises(ValueError, match="read-only"):
        made.pixels[0, 0, 0] = 1
    assert Picture(picture.pixels).digest == before


@given(pictures)
@settings(max_examples=50, deadline=None)
def test_invert_is_its_own_inverse(picture: Picture) -> None:
    inverted = Invert()(picture)
    assert (inverted.pixels.astype(int) + picture.pixels == 255).all()
    assert Invert()(inverted) == picture


@given(pictures)
@settings(max_examples=30, deadline=None)
def test_unchanged_changes_nothing(picture: Picture) -> None:
    assert Unchanged()(picture) == picture


def test_an_annotator_must_say_what_it_does() -> None:
    class Nothing(Annotator):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Nothing()  # pyright: ignore[reportAbstractUsage]
