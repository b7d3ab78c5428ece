"""A pen in an unsteady hand, for drawings that are made by code and should look as if they were not."""

from __future__ import annotations

import itertools
import math

import cv2
import numpy as np

from core.picture import Picture

Point = tuple[float, float]  # fractions of the paper's side
POINT_SPACING = 0.012
SHARPNESS_BITS = 4  # OpenCV's fixed-point coordinates: sixteenths of a pixel


class Pen:
    """Black lines, `width` pixels broad, on `size` x `size` pixels of white paper; wobbles by `wobble` of the side."""

    def __init__(self, seed: int, size: int = 512, width: int = 6, wobble: float = 0.0025) -> None:
        self._rng = np.random.default_rng(seed)
        self._paper = np.full((size, size), 255, np.uint8)
        self._width = width
        self._wobble = wobble

    def line(self, *corners: Point) -> None:
        """One stroke through `corners`, nearly straight between them."""
        self._stroke(self._by_hand(corners))

    def shape(self, *corners: Point) -> None:
        """A closed outline; people draw no lines where it hides what was drawn before."""
        path = self._by_hand((*corners, corners[0]))
        cv2.fillPoly(self._paper, [self._fixed(path)], (255,), cv2.LINE_AA, SHARPNESS_BITS)
        self._stroke(path)

    def oval(self, x: float, y: float, radius_x: float, radius_y: float) -> None:
        """A closed round outline around (`x`, `y`)."""
        self.shape(*arc(x, y, radius_x, radius_y))

    def finish(self) -> Picture:
        """The drawing so far."""
        return Picture(np.repeat(self._paper[..., None], 3, axis=2))

    def _by_hand(self, corners: tuple[Point, ...]) -> np.ndarray:
        """float points x 2 along the corners, bent by smooth noise; the last meets the first where it should."""
        path = [np.array(corners[:1])]
        for start, end in itertools.pairwise(corners):
            count = max(1, math.ceil(math.dist(start, end) / POINT_SPACING))
            path.append(np.linspace(start, end, count + 1)[1:])
        points = np.concatenate(path)
        noise = self._rng.normal(0, 1, (len(points) + 8, 2))
        window = np.hanning(9)
        window /= np.sqrt((window**2).sum())
        bend = np.stack([np.convolve(noise[:, axis], window, "valid") for axis in (0, 1)], 1)
        return points + self._wobble * bend

    def _stroke(self, path: np.ndarray) -> None:
        cv2.polylines(self._paper, [self._fixed(path)], False, (0,), self._width, cv2.LINE_AA, SHARPNESS_BITS)

    def _fixed(self, path: np.ndarray) -> np.ndarray:
        return np.round(path * len(self._paper) * (1 << SHARPNESS_BITS)).astype(np.int32)


def arc(x: float, y: float, radius_x: float, radius_y: float) -> list[Point]:
    """24 points once around an ellipse; the first is also the last."""
    angles = np.linspace(0, 2 * math.pi, 24).tolist()
    return [(x + radius_x * math.cos(angle), y + radius_y * math.sin(angle)) for angle in angles]
