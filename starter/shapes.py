"""Shapes in fractions of the picture's side: (0, 0) is its top left corner, (1, 1) its bottom right one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

Circle = tuple[float, float, float]  # middle x, middle y, radius
Stroke = tuple[np.ndarray, float]  # float32 points x 2, width
Bounds = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True, kw_only=True, eq=False)
class Shape:
    """The union of polygons (float32 points x 2), circles and strokes."""

    polygons: tuple[np.ndarray, ...] = ()
    circles: tuple[Circle, ...] = ()
    strokes: tuple[Stroke, ...] = ()

    def bounds(self) -> Bounds:
        """The smallest upright rectangle around the shape."""
        boxes: list[Bounds] = [(*points.min(0).tolist(), *points.max(0).tolist()) for points in self.polygons]
        boxes += [(x - radius, y - radius, x + radius, y + radius) for x, y, radius in self.circles]
        boxes += [(*(p.min(0) - width).tolist(), *(p.max(0) + width).tolist()) for p, width in self.strokes]
        lefts, tops, rights, bottoms = zip(*boxes, strict=True)
        return min(lefts), min(tops), max(rights), max(bottoms)


def points(*pairs: tuple[float, float]) -> np.ndarray:
    """float32 points x 2 from (x, y) pairs."""
    return np.array(pairs, np.float32)


def polygon(*pairs: tuple[float, float]) -> Shape:
    """The polygon with these corners."""
    return Shape(polygons=(points(*pairs),))


def rectangle(left: float, top: float, right: float, bottom: float) -> Shape:
    """An upright rectangle."""
    return polygon((left, top), (right, top), (right, bottom), (left, bottom))


def circle(x: float, y: float, radius: float) -> Shape:
    """A disc."""
    return Shape(circles=((x, y, radius),))


def ellipse(x: float, y: float, radius_x: float, radius_y: float, corners: int = 28) -> Shape:
    """An upright ellipse as a polygon."""
    angle = np.linspace(0, 2 * math.pi, corners, endpoint=False)
    outline = np.stack([x + radius_x * np.cos(angle), y + radius_y * np.sin(angle)], 1)
    return Shape(polygons=(outline.astype(np.float32),))


@dataclass(frozen=True, kw_only=True)
class Ridge:
    """A wavy skyline around height `y`: `waves` sines, the k-th weaker by k to the power of `smoothness`."""

    y: float
    amplitude: float
    waves: int
    smoothness: float

    def shape(self, rng: np.random.Generator) -> Shape:
        """All that lies below the skyline, over the whole width and beyond it."""
        x = np.linspace(-0.05, 1.05, 90)
        rise = np.zeros_like(x)
        for k in range(1, self.waves + 1):
            rise += np.sin(x * k * rng.uniform(2.2, 4.2) + rng.uniform(0, 6.28)) / k**self.smoothness
        rise *= self.amplitude / np.abs(rise).max()
        skyline = np.stack([x, self.y + rise], 1)
        corners = points((1.05, 1.05), (-0.05, 1.05))
        return Shape(polygons=(np.concatenate([skyline, corners]).astype(np.float32),))
