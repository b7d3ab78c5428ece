"""From exact lines to a drawing as a person would make it."""

from __future__ import annotations

import cv2
import numpy as np

from core.picture import Picture
from starter.landscape import Segment
from starter.paint import REFERENCE_SIZE, line_width

WIDTHS, WIDTH_SHARES = range(5), (0.12, 0.38, 0.25, 0.15, 0.1)  # 0 thins the line, 1 keeps it, 2-4 broaden it
SMALL_PART = 160  # pixels of line at 256: a window, a far boat


def draw_by_hand(outline: Picture, seed: int, extra: tuple[Segment, ...] = ()) -> Picture:
    """Redraw an outline (white on black) with an unsteady hand: two-level, white on black, the same size.

    At 256 pixels lines become 1 to 5 pixels wide and stray by up to about 5; some have gaps, some parts are left out,
    small ones more often. Larger pictures scale all of that. `extra` are strokes that no edge shows, such as
    `Scene.sun_rays`, in fractions of the width and height. The same seed gives the same bytes.
    """
    rng = np.random.default_rng(seed)
    lines = (outline.pixels[..., 0] > 127).astype(np.uint8)
    scale = max(lines.shape) / REFERENCE_SIZE
    lines = _add(lines, extra)
    if rng.random() < 0.5:
        lines = _leave_out_parts(lines, rng, scale)
    if rng.random() < 0.5:
        lines = _leave_gaps(lines, rng, scale)
    if rng.random() < 0.7:
        lines = _shake(lines, rng, scale)
    lines = _change_width(lines, int(rng.choice(WIDTHS, p=WIDTH_SHARES)), scale)
    return Picture(np.repeat(lines[..., None] * 255, 3, axis=2))


def _add(lines: np.ndarray, extra: tuple[Segment, ...]) -> np.ndarray:
    height, width = lines.shape
    drawn = lines * 255
    for x0, y0, x1, y1 in extra:
        ends = (int(x0 * width), int(y0 * height)), (int(x1 * width), int(y1 * height))
        cv2.line(drawn, *ends, (255,), line_width(max(lines.shape)), cv2.LINE_AA)
    return (drawn > 127).astype(np.uint8)


def _leave_out_parts(lines: np.ndarray, rng: np.random.Generator, scale: float) -> np.ndarray:
    """Drop some of the connected parts, but never all."""
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    if count <= 2:  # the paper and one part
        return lines
    small = statistics[:, cv2.CC_STAT_AREA] < SMALL_PART * scale**2
    kept = rng.random(count) > np.where(small, 0.35, 0.12)
    kept[0] = True
    return lines * kept[np.asarray(labels, np.intp)].astype(np.uint8) if kept[1:].any() else lines


def _leave_gaps(lines: np.ndarray, rng: np.random.Generator, scale: float) -> np.ndarray:
    lines = lines.copy()
    for _ in range(rng.integers(0, 9)):
        x, y = rng.integers(0, max(lines.shape), 2)
        side = round(rng.integers(4, 16) * scale)
        lines[y : y + side, x : x + side] = 0
    return lines


def _shake(lines: np.ndarray, rng: np.random.Generator, scale: float) -> np.ndarray:
    """Bend the lines by a smooth random field."""
    height, width = lines.shape
    reach = rng.uniform(0.5, 3.5)
    cells = int(rng.integers(4, 14))
    field = rng.uniform(-reach, reach, (cells, cells, 2)).astype(np.float32)
    field = cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC) * np.float32(scale)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return cv2.remap(lines, x + field[..., 0], y + field[..., 1], cv2.INTER_NEAREST)


def _change_width(lines: np.ndarray, width: int, scale: float) -> np.ndarray:
    if width == 0:  # a line that is one pixel wide already would vanish
        return cv2.erode(lines, np.ones((2, 1), np.uint8)) if line_width(max(lines.shape)) > 1 else lines
    if width == 1:
        return lines
    side = max(2, round(width * scale))
    return cv2.dilate(lines, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
