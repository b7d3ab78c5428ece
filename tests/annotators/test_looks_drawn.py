"""Drawings and photos are told apart, so that a photo is not read as a drawing."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from annotators.scribble import looks_drawn
from core.picture import Picture, open_picture
from starter.drawing import draw_by_hand
from starter.scenes import render_scene
from tests.conftest import draw_house


@pytest.mark.parametrize("seed", range(12))
def test_rendered_pictures_are_no_drawings_and_their_outlines_are(seed: int) -> None:
    scene = render_scene(seed + 500)
    assert not looks_drawn(scene.picture)
    by_hand = draw_by_hand(scene.outline, seed)
    assert looks_drawn(by_hand)
    assert looks_drawn(Picture(255 - by_hand.pixels))


def test_a_photographed_drawing_is_a_drawing() -> None:
    """Uneven light, grey paper and JPEG."""
    house = draw_house(256).pixels.astype(np.float32)
    light = np.linspace(0.86, 1.0, 256, dtype=np.float32)[None, :, None]
    noisy = house * light * 0.9 + np.random.default_rng(1).normal(0, 3, house.shape)
    buffer = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=80)
    assert looks_drawn(open_picture(buffer.getvalue()))


@pytest.mark.parametrize("level", [0, 128, 255])
def test_one_colour_is_no_drawing(level: int) -> None:
    assert not looks_drawn(Picture(np.full((64, 64, 3), level, np.uint8)))


def test_a_grey_photo_is_no_drawing() -> None:
    """By day; a night that is nearly all black with one lamp cannot be told from chalk on a board."""
    greys = (cv2.cvtColor(render_scene(seed).picture.pixels, cv2.COLOR_RGB2GRAY) for seed in range(40))
    by_day = [grey for grey in greys if grey.mean() > 90]
    assert len(by_day) > 20
    assert not any(looks_drawn(Picture(np.repeat(grey[..., None], 3, axis=2))) for grey in by_day)
