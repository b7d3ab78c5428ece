"""Drawings by hand: near the exact lines, two-level, varied, and the same for the same seed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.picture import Picture
from starter.drawing import draw_by_hand
from starter.scenes import Scene, render_scene

SIZES = (128, 256, 512)
STRAY = 7 / 256  # 5 of jitter, 2 of half a broad line; 5.4 measured at 256


@pytest.fixture(scope="module", params=SIZES)
def scenes(request: pytest.FixtureRequest) -> list[Scene]:
    return [render_scene(seed, request.param) for seed in range(8)]


def lines(picture: Picture) -> np.ndarray:
    assert set(np.unique(picture.pixels)) <= {0, 255}
    assert (picture.pixels == picture.pixels[..., :1]).all()
    return picture.pixels[..., 0] > 0


def distance_to(mask: np.ndarray) -> np.ndarray:
    return cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)


def test_a_drawing_stays_near_the_outline(scenes: list[Scene]) -> None:
    kept = []
    for scene in scenes:
        exact, drawn = lines(scene.outline), lines(draw_by_hand(scene.outline, scene.seed))
        reach = STRAY * scene.outline.width
        assert drawn.any()
        assert distance_to(exact)[drawn].max() < reach
        kept.append((distance_to(drawn)[exact] < reach).mean())
    assert np.mean(kept) > 0.85  # most lines are drawn ...
    assert min(kept) > 0.2  # ... in every drawing, though parts may be left out


def test_drawings_are_varied_and_repeatable(scenes: list[Scene]) -> None:
    outline = scenes[2].outline
    drawings = [draw_by_hand(outline, seed) for seed in range(30)]
    assert drawings == [draw_by_hand(outline, seed) for seed in range(30)]
    assert len(set(drawings)) > 15  # at 128 several widths are the same
    ink = [lines(drawing).sum() / lines(outline).sum() for drawing in drawings]
    assert min(ink) < 0.8  # thin, or with parts left out
    assert max(ink) > 1.5  # broad


def test_the_suns_rays_are_added_as_strokes() -> None:
    scene = next(scene for scene in map(render_scene, range(200)) if scene.sun_rays)
    without, added = draw_by_hand(scene.outline, 3), draw_by_hand(scene.outline, 3, scene.sun_rays)
    x0, y0, x1, y1 = (np.array(scene.sun_rays) * 256).T
    middles = np.stack([(y0 + y1) / 2, (x0 + x1) / 2], 1)
    inside = [(int(y), int(x)) for y, x in middles if 8 < y < 248 and 8 < x < 248]
    near = {name: distance_to(lines(drawing)) for name, drawing in (("with", added), ("without", without))}
    assert inside
    assert np.mean([near["with"][point] for point in inside]) < np.mean([near["without"][point] for point in inside])


def test_any_shape_of_picture_can_be_redrawn() -> None:
    outline = np.zeros((100, 300, 3), np.uint8)
    cv2.rectangle(outline, (30, 20), (260, 80), (255, 255, 255), 2)
    assert draw_by_hand(Picture(outline), 1).size == (300, 100)


def test_an_empty_outline_stays_empty() -> None:
    empty = Picture(np.zeros((64, 64, 3), np.uint8))
    assert all(draw_by_hand(empty, seed) == empty for seed in range(20))
