"""The painter: what is painted later covers colour, lines and depth of what was there."""

from __future__ import annotations

import numpy as np
import pytest

from starter.paint import Canvas, Line, Maps, Surface, line_width
from starter.shapes import circle, rectangle

RED = Surface(colour=(200, 0, 0), shade=0, grain=0)
BLUE = Surface(colour=(0, 0, 200), shade=0, grain=0)
SIZE = 200


def canvas() -> Canvas:
    return Canvas(SIZE, np.random.default_rng(1))


def maps(line: Line) -> tuple[Maps, Maps]:
    """A red square alone, and with a smaller blue one over its right edge."""
    results = []
    for both in (False, True):
        paper = canvas()
        paper.paint(rectangle(0.2, 0.2, 0.6, 0.6), RED, 0.4)
        if both:
            paper.paint(rectangle(0.5, 0.3, 0.7, 0.5), BLUE, 0.8, line)
        results.append(paper.finish())
    return results[0], results[1]


def lines(result: Maps) -> np.ndarray:
    return result.outline.pixels[..., 0] > 0


@pytest.mark.parametrize(
    ("line", "hidden_line_stays", "own_line", "depth"),
    [
        (Line.EDGE, False, True, 204),
        (Line.COVER, False, False, 204),
        (Line.MARK, True, True, 204),
        (Line.NONE, True, False, 102),
    ],
)
def test_each_kind_of_line(line: Line, hidden_line_stays: bool, own_line: bool, depth: int) -> None:
    alone, both = maps(line)
    hidden = (slice(70, 90), slice(117, 123))  # where the red square's right edge runs under the blue one
    own = (slice(70, 90), slice(137, 143))  # the blue one's right edge
    assert lines(alone)[hidden].any()
    assert lines(both)[hidden].any() == hidden_line_stays
    assert lines(both)[own].any() == own_line
    assert both.depth.pixels[80, 110, 0] == depth
    assert both.picture.pixels[80, 110].argmax() == 2


def test_outlines_follow_the_shape_within_a_pixel_or_two() -> None:
    paper = canvas()
    paper.paint(circle(0.5, 0.5, 0.3), RED, 0.5)
    y, x = np.nonzero(lines(paper.finish()))
    distance = np.hypot(x + 0.5 - 100, y + 0.5 - 100)
    assert np.abs(distance - 60).max() < 2
    assert len(np.unique(np.round(np.degrees(np.arctan2(y - 100, x - 100)) / 5))) >= 72  # closed all around


def test_the_border_of_the_picture_is_no_line() -> None:
    paper = canvas()
    paper.paint(rectangle(-0.5, 0.5, 1.5, 1.5), RED, 0.5)
    drawn = lines(paper.finish())
    assert drawn[97:104, 10:-10].any(axis=0).all()
    assert not drawn[110:].any()
    assert not drawn[:90].any()


def test_depth_can_follow_the_rows() -> None:
    paper = canvas()
    paper.paint(rectangle(-0.1, 0, 1.1, 1.1), RED, lambda y: y)
    depth = paper.finish().depth.pixels[..., 0]
    assert (depth == depth[:, :1]).all()
    assert np.abs(depth[:, 0] - 255 * (np.arange(SIZE) + 0.5) / SIZE).max() <= 0.5


def test_haze_and_tint_act_on_lit_parts_alone() -> None:
    paper = canvas()
    paper.tint, paper.haze = np.array([0.5, 0.5, 0.5], np.float32), np.array([0, 250, 0], np.float32)
    grey = {"colour": (100, 100, 100), "shade": 0, "grain": 0}
    paper.paint(rectangle(0, 0, 0.3, 1), Surface(**grey, nearness=1), 0)
    paper.paint(rectangle(0.35, 0, 0.6, 1), Surface(**grey, nearness=0), 0)
    paper.paint(rectangle(0.7, 0, 1, 1), Surface(**grey, nearness=0, lit=False), 0)
    near, far, shining = (paper.finish().picture.pixels[60:140, x : x + 20].mean((0, 1)) for x in (20, 85, 165))
    assert near == pytest.approx([50, 50, 50], abs=2)
    assert far == pytest.approx([27.5, 27.5 + 112.5, 27.5], abs=3)
    assert shining == pytest.approx([100, 100, 100], abs=3)


def test_what_lies_outside_is_not_painted() -> None:
    paper = canvas()
    paper.paint(rectangle(1.2, 1.2, 1.4, 1.4), RED, 1.0)
    result = paper.finish()
    assert not result.picture.pixels.any()
    assert not result.depth.pixels.any()
    assert not lines(result).any()


def test_line_width_grows_with_the_picture() -> None:
    assert [line_width(size) for size in (64, 128, 256, 512)] == [1, 1, 2, 3]
