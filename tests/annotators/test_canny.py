"""Canny is OpenCV's own, bit for bit, on OpenCV's own luma."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from annotators import Canny
from core.picture import Picture
from starter.scenes import render_scene

THRESHOLDS = [(100, 200), (0, 0), (0, 255), (255, 255), (50, 51), (80, 200)]


def reference(picture: Picture, low: int, high: int) -> np.ndarray:
    return cv2.Canny(cv2.cvtColor(np.array(picture.pixels), cv2.COLOR_RGB2GRAY), low, high)


@pytest.mark.parametrize(("low", "high"), THRESHOLDS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_bit_equal_to_opencv(seed: int, low: int, high: int) -> None:
    picture = render_scene(seed, 192).picture
    made = Canny(low=low, high=high)(picture)
    assert (made.pixels == reference(picture, low, high)[..., None]).all()


def test_the_defaults_find_the_lines_of_a_scene() -> None:
    picture = render_scene(1, 192).picture
    made = Canny()(picture)
    assert made == Canny(low=100, high=200)(picture)
    assert 0.005 < (made.pixels > 0).mean() < 0.3


def test_colours_are_weighed_as_the_eye_does() -> None:
    """Red and blue of the same channel value differ in luma, so there is an edge; channels must not be swapped."""
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:, :16, 0], pixels[:, 16:, 2] = 255, 255
    luma = round(0.299 * 255), round(0.114 * 255)
    steps = np.repeat(np.array([luma[0]] * 16 + [luma[1]] * 16, np.uint8)[None], 32, axis=0)
    assert (Canny(low=50, high=100)(Picture(pixels)).pixels[..., 0] == cv2.Canny(steps, 50, 100)).all()


@pytest.mark.parametrize(("low", "high"), [(200, 100), (255, 0), (51, 50)])
def test_swapped_thresholds_are_put_in_order(low: int, high: int) -> None:
    picture = render_scene(2, 128).picture
    assert Canny(low=low, high=high)(picture) == Canny(low=high, high=low)(picture)


@given(
    arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3))),
    st.integers(0, 255),
    st.integers(0, 255),
)
@settings(max_examples=60, deadline=None)
def test_every_map_is_two_level_grey_and_of_the_same_size(pixels: np.ndarray, low: int, high: int) -> None:
    picture = Picture(pixels)
    made = Canny(low=low, high=high)(picture)
    assert made.size == picture.size
    assert made.pixels.dtype == np.uint8 and not made.pixels.flags.writeable
    assert set(np.unique(made.pixels)) <= {0, 255}
    assert (made.pixels == made.pixels[..., :1]).all()
