"""From asked to resolved, without any model in memory."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotators import Canny, Scribble
from core.errors import BadRequest
from core.picture import Picture
from pipeline.catalog import BASES, CONTROLS, BaseEntry, ControlEntry
from pipeline.library import Library
from pipeline.request import MAX_SEED, GenerationRequest
from pipeline.resolve import resolve
from pipeline.samplers import SAMPLERS
from tests.pipeline.samples import guide, noise

LIBRARY = Library()
BASE = BASES[0]


class WiderLibrary(Library):
    """The catalogue with a base and a control of another family, and a base that knows one sampler."""

    @property
    def bases(self) -> tuple[BaseEntry, ...]:
        other = BASE.model_copy(update={"id": "other/base", "family": "other", "title": "Other", "known_words": None})
        return (*BASES, other, BASE.model_copy(update={"id": "picky", "title": "Picky", "samplers": ("lcm",)}))

    @property
    def controls(self) -> tuple[ControlEntry, ...]:
        return (*CONTROLS, CONTROLS[0].model_copy(update={"id": "other/scribble", "family": "other"}))


def ask(**fields) -> GenerationRequest:
    return GenerationRequest(**{"prompt": "a red house", "seed": 1, **fields})


def test_what_is_left_open_comes_from_the_base() -> None:
    resolved, notes = resolve(GenerationRequest(prompt="a red house"), LIBRARY)
    defaults = BASE.defaults
    assert (resolved.width, resolved.height) == (defaults.width, defaults.height)
    assert (resolved.steps, resolved.guidance, resolved.sampler) == (
        defaults.steps,
        defaults.guidance,
        defaults.sampler,
    )
    assert (resolved.base, resolved.count, resolved.controls) == (BASE.id, 1, ())
    assert notes == ()


def test_what_is_asked_is_kept() -> None:
    asked = ask(
        negative_prompt="boat", width=320, height=128, steps=150, guidance=1.0, sampler="lcm", seed=MAX_SEED, count=8
    )
    resolved, notes = resolve(asked, LIBRARY)
    kept = ("prompt", "negative_prompt", "base", "width", "height", "steps", "guidance", "sampler", "seed", "count")
    assert {name: getattr(resolved, name) for name in kept} == {name: getattr(asked, name) for name in kept}
    assert notes == ()


def test_a_seed_left_open_is_drawn_anew_each_time() -> None:
    seeds = {resolve(GenerationRequest(prompt=""), LIBRARY)[0].seed for _ in range(20)}
    assert len(seeds) > 15
    assert all(0 <= seed <= MAX_SEED for seed in seeds)
    assert resolve(ask(seed=0), LIBRARY)[0].seed == 0


def test_seeds_of_a_batch_are_one_apart_and_begin_again() -> None:
    resolved, _ = resolve(ask(seed=MAX_SEED, count=3), LIBRARY)
    assert [resolved.seed_of(index) for index in range(3)] == [MAX_SEED, 0, 1]


@pytest.mark.parametrize(
    ("asked", "rounded"),
    [((64, 64), (64, 64)), ((71, 73), (64, 80)), ((130, 128), (128, 128)), ((2048, 2041), (2048, 2048))],
)
def test_sizes_are_rounded_and_said(asked: tuple[int, int], rounded: tuple[int, int]) -> None:
    resolved, notes = resolve(ask(width=asked[0], height=asked[1]), LIBRARY)
    assert (resolved.width, resolved.height) == rounded
    said = f"{asked[0]} x {asked[1]} was rounded to {rounded[0]} x {rounded[1]}: this model needs multiples of 16."
    assert notes == (() if asked == rounded else (said,))


@given(st.integers(64, 2048), st.integers(64, 2048))
@settings(max_examples=100, deadline=None)
def test_every_size_becomes_the_nearest_that_fits(width: int, height: int) -> None:
    resolved, _ = resolve(ask(width=width, height=height), LIBRARY)
    for asked, side in ((width, resolved.width), (height, resolved.height)):
        assert side % BASE.size_multiple == 0
        assert abs(side - asked) <= BASE.size_multiple / 2


def test_guides_are_fitted_to_the_picture() -> None:
    asked = guide(noise(300, 100), annotator=Canny(), strength=0.5, start=0.1, end=0.9, lead="control")
    resolved, notes = resolve(ask(width=130, height=128, controls=(asked,)), LIBRARY)
    (fitted,) = resolved.controls
    assert fitted.source.size == (128, 128)
    assert fitted == asked.model_copy(update={"source": fitted.source})
    assert notes[0].startswith("130 x 128 was rounded")
    assert notes[1] == "The guide (300 x 100) was cropped from its middle to 128 x 128."


def test_a_guide_that_fits_keeps_its_pixels_and_loses_its_notes_to_the_run() -> None:
    drawing = noise(128, 128).with_notes("Turned upright as the camera recorded.")
    resolved, notes = resolve(ask(width=128, height=128, controls=(guide(drawing), guide(drawing))), LIBRARY)
    assert [control.source for control in resolved.controls] == [drawing, drawing]
    assert all(control.source.notes == () for control in resolved.controls)
    assert notes == ("Turned upright as the camera recorded.",)


@given(
    st.integers(64, 400),
    st.integers(64, 400),
    st.sampled_from([None, *(sampler.id for sampler in SAMPLERS)]),
    st.integers(16, 90),
    st.integers(16, 90),
    st.text(max_size=30),
)
@settings(max_examples=40, deadline=None)
def test_what_was_resolved_resolves_to_itself(width, height, sampler, across, down, prompt) -> None:
    controls = (guide(noise(across, down), annotator=Scribble()), guide(noise(down, across), end=0.5))
    asked = ask(width=width, height=height, sampler=sampler, seed=None, prompt=prompt, controls=controls)
    resolved, _ = resolve(asked, LIBRARY)
    again, notes = resolve(resolved.as_request(), LIBRARY)
    assert again == resolved
    assert not any("rounded" in note or "cropped" in note for note in notes)


def test_zero_bytes_are_taken_out_of_the_words() -> None:
    """They end a text in the middle for C code and are no word of anybody's."""
    resolved, _ = resolve(ask(prompt="a red\x00 house", negative_prompt="\x00boat"), LIBRARY)
    assert (resolved.prompt, resolved.negative_prompt) == ("a red house", "boat")


def test_an_unknown_base_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadRequest, match=r"no model called 'sd99'. There are: starter, other/base, picky\."):
        resolve(ask(base="sd99"), WiderLibrary())


def test_an_unknown_control_is_refused_with_those_that_fit() -> None:
    unknown = guide(noise(64, 64), control="starter/dance")
    with pytest.raises(BadRequest, match=r"no control called 'starter/dance'. For Built-in there are: starter/"):
        resolve(ask(controls=(unknown,)), WiderLibrary())
    with pytest.raises(BadRequest, match=r"For Other there are: other/scribble\."):
        resolve(ask(base="other/base", controls=(unknown,)), WiderLibrary())


@pytest.mark.parametrize(("base", "control"), [("starter", "other/scribble"), ("other/base", "starter/scribble")])
def test_a_control_of_another_family_is_refused(base: str, control: str) -> None:
    library = WiderLibrary()
    fitting, foreign = guide(noise(64, 64), control=f"{library.find_base(base).family}/scribble"), control
    with pytest.raises(BadRequest) as caught:
        resolve(ask(base=base, controls=(fitting, guide(noise(64, 64), control=foreign))), library)
    title, family = library.find_base(base).title, library.find_base(base).family
    assert str(caught.value) == f"The control {foreign} is for {foreign.split('/')[0]} models; {title} is {family}."
    assert resolve(ask(base=base, controls=(fitting,)), library)[0].controls[0].control == fitting.control


def test_an_unknown_sampler_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadRequest, match=r"no sampler called 'magic'. There are: ddim, .*lcm\."):
        resolve(ask(sampler="magic"), LIBRARY)


def test_a_sampler_that_the_base_cannot_use_is_refused() -> None:
    with pytest.raises(BadRequest, match=r"Picky works with these samplers: lcm\."):
        resolve(ask(base="picky", sampler="ddim"), WiderLibrary())
    assert resolve(ask(base="picky", sampler="lcm"), WiderLibrary())[0].sampler == "lcm"


def test_words_the_base_does_not_know_are_said() -> None:
    _, notes = resolve(ask(prompt="a red DRAGON and a red dragon in fog"), LIBRARY)
    assert len(notes) == 1
    assert notes[0].startswith("The built-in model does not know 'dragon', 'fog'. It knows things: boat")
    assert resolve(ask(base="other/base", prompt="dragon"), WiderLibrary())[1] == ()


def test_the_library_s_own_ids_are_what_is_resolved() -> None:
    picture = Picture(noise(64, 64).pixels)
    for base in LIBRARY.bases:
        for control in LIBRARY.controls:
            if control.family == base.family:
                resolved, _ = resolve(ask(base=base.id, controls=(guide(picture, control=control.id),)), LIBRARY)
                assert (resolved.base, resolved.controls[0].control) == (base.id, control.id)
