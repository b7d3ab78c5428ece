"""Drawings become light lines on black, whichever way round they were drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from annotators import Invert, Scribble
from annotators.base import to_grey
from annotators.scribble import is_dark_on_light
from core.picture import Picture
from starter.drawing import draw_by_hand
from starter.scenes import render_scene
from tests.annotators.drawings import DRAWINGS, as_jpeg, draw_house, paper, picture_of

SEEDS = range(120)
greys = arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)))


def dark_on_light(picture: Picture) -> bool:
    return is_dark_on_light(to_grey(picture))


def lines(made: Picture) -> np.ndarray:
    return made.pixels[..., 0] == 255


@pytest.mark.parametrize("name", DRAWINGS)
def test_which_way_round_a_drawing_is(name: str) -> None:
    grey = DRAWINGS[name]()
    assert is_dark_on_light(grey)
    assert not is_dark_on_light(255 - grey)


@pytest.mark.parametrize("name", DRAWINGS)
def test_which_way_round_after_a_coarse_jpeg(name: str) -> None:
    grey = DRAWINGS[name]()
    assert is_dark_on_light(as_jpeg(grey))
    assert not is_dark_on_light(as_jpeg(255 - grey))


def test_which_way_round_the_outlines_and_drawings_of_scenes_are() -> None:
    wrong = []
    for seed in SEEDS:
        scene = render_scene(seed, 128)
        for what, light_lines in (("outline", scene.outline), ("drawing", draw_by_hand(scene.outline, seed))):
            if dark_on_light(light_lines) or not dark_on_light(Invert()(light_lines)):
                wrong.append((seed, what))
    assert wrong == []


def test_both_ways_round_give_the_same_map() -> None:
    scene = render_scene(3, 128)
    made = Scribble()(scene.outline)
    assert made == scene.outline
    assert made == Scribble()(Invert()(scene.outline))


def test_the_note_says_when_a_drawing_was_turned_round() -> None:
    dark = picture_of(DRAWINGS["lines"]())
    assert Scribble()(dark).notes == ("Dark lines on light paper were turned into light lines on black.",)
    assert Scribble()(Invert()(dark)).notes == ()
    assert Scribble(polarity="dark_on_light")(dark).notes == ()  # the person said so, which is no news
    assert Scribble(polarity="light_on_dark")(dark).notes == ()


def test_a_chosen_polarity_is_obeyed() -> None:
    dark = picture_of(DRAWINGS["lines"]())
    turned, kept = Scribble(polarity="dark_on_light")(dark), Scribble(polarity="light_on_dark")(dark)
    assert lines(turned).mean() < 0.2
    assert kept == Invert()(turned)


@pytest.mark.parametrize("threshold", [1, 127, 254])
def test_the_threshold_is_where_a_stroke_begins(threshold: int) -> None:
    ramp = picture_of(np.arange(256, dtype=np.uint8)[None].repeat(4, axis=0))
    dark = lines(Scribble(threshold=threshold, polarity="dark_on_light")(ramp))[0]
    light = lines(Scribble(threshold=threshold, polarity="light_on_dark")(ramp))[0]
    assert dark.tolist() == [value <= threshold for value in range(256)]
    assert light.tolist() == [value > threshold for value in range(256)]


def test_faint_pencil_needs_a_higher_threshold() -> None:
    faint = picture_of(DRAWINGS["faint pencil"]())
    assert not lines(Scribble()(faint)).any()
    drawn = draw_house(paper(245), 200, 1) == 200
    assert (lines(Scribble(threshold=220)(faint)) == drawn).all()


def test_blank_paper_is_an_empty_map_either_way_round() -> None:
    for value in (0, 255):
        assert not Scribble()(picture_of(paper(value))).pixels.any()


@given(greys, st.integers(1, 254), st.sampled_from(["auto", "dark_on_light", "light_on_dark"]))
@settings(max_examples=60, deadline=None)
def test_every_map_is_two_level_grey_and_of_the_same_size(grey: np.ndarray, threshold: int, polarity) -> None:
    picture = picture_of(grey)
    made = Scribble(threshold=threshold, polarity=polarity)(picture)
    assert made.size == picture.size
    assert made.pixels.dtype == np.uint8 and not made.pixels.flags.writeable
    assert set(np.unique(made.pixels)) <= {0, 255}
    assert (made.pixels == made.pixels[..., :1]).all()
    assert made == Scribble(threshold=threshold, polarity=polarity)(picture)


@given(greys)
@settings(max_examples=100, deadline=None)
def test_a_drawing_and_its_negative_are_never_both_on_light_paper(grey: np.ndarray) -> None:
    assert not (is_dark_on_light(grey) and is_dark_on_light(255 - grey))
