"""What lies behind and under the things: sky, sun and moon, clouds, mountains, hills, ground, water, road."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from starter.paint import Canvas, Line, Surface
from starter.palette import (
    EARTH_ROAD,
    FOAM,
    GRASS,
    HILL,
    LAKE,
    LAKE_NEAR,
    ROCK,
    SEA,
    SNOW,
    STAR,
    STONE_ROAD,
    Colour,
    Light,
)
from starter.shapes import Ridge, Shape, circle, ellipse, points, polygon, rectangle

SKY_DEPTH, DISC_DEPTH, CLOUD_DEPTH, MOUNTAIN_DEPTH, FIRST_HILL_DEPTH = 0.0, 0.01, 0.03, 0.15, 0.12
HILL_STEP = 0.06
HORIZON_DEPTH = 0.25  # the ground's farthest visible point; the nearest, at the picture's lower edge, is 1

Segment = tuple[float, float, float, float]  # x and y of both ends


class Ground:
    """The flat ground below `horizon` (a fraction of the side): its depth grows evenly down the picture.

    That is what inverse distance does on a plane, and what depth networks give (MiDaS, arXiv 1907.01341).
    """

    def __init__(self, horizon: float) -> None:
        self.horizon = horizon

    def depth(self, y: float) -> float:
        """The depth of the ground, and of what stands on it, at height `y`."""
        return float(self.depths(np.float64(y)))

    def depths(self, y: np.ndarray | np.floating) -> np.ndarray:
        """The same for many heights."""
        return HORIZON_DEPTH + (1 - HORIZON_DEPTH) * np.clip((y - self.horizon) / (1 - self.horizon), 0, 1)


class SkyColours(NamedTuple):
    """float RGB at the picture's upper edge and at the horizon."""

    top: np.ndarray
    horizon: np.ndarray


def set_light(canvas: Canvas, light: Light) -> SkyColours:
    """Set the canvas's tint, haze and sunny side from `light`, a little different each time."""
    rng = canvas.rng
    top = np.array(light.top) * rng.uniform(0.9, 1.1)
    horizon = np.array(light.horizon) * rng.uniform(0.95, 1.05)
    canvas.tint = np.array(light.tint, np.float32) * rng.uniform(0.95, 1.05)
    canvas.haze = horizon.astype(np.float32)
    canvas.sun_side = int(rng.choice([-1, 1]))
    return SkyColours(top, horizon)


def paint_sky(canvas: Canvas, sky: SkyColours) -> None:
    """Fill the picture with sky; below the middle its colour goes on as it did above."""
    below = sky.horizon + (sky.horizon - sky.top) * 0.5
    surface = Surface(colour=sky.top, bottom_colour=below, nearness=0, shade=0, grain=0.015, lit=False)
    canvas.paint(rectangle(-0.1, -0.1, 1.1, 1.1), surface, SKY_DEPTH, Line.COVER)


def paint_stars(canvas: Canvas, horizon: float) -> None:
    """6 to 19 stars above the horizon."""
    rng = canvas.rng
    surface = Surface(colour=STAR, nearness=0, shade=0, grain=0, lit=False)
    for _ in range(rng.integers(6, 20)):
        star = circle(rng.random(), rng.random() * horizon, rng.uniform(0.002, 0.005))
        canvas.paint(star, surface, SKY_DEPTH, Line.NONE)


def paint_sun(canvas: Canvas, colour: Colour, x: float, y: float, radius: float) -> None:
    """A disc in its glow; the sun, or the full moon."""
    _paint_glow(canvas, colour, x, y, radius)
    canvas.paint(circle(x, y, radius), Surface(colour=colour, shade=0.04, grain=0, lit=False), DISC_DEPTH)


def paint_moon(canvas: Canvas, colour: Colour, x: float, y: float, radius: float) -> None:
    """A full moon, or a crescent, in its glow."""
    _paint_glow(canvas, colour, x, y, radius)
    shape = crescent(x, y, radius) if canvas.rng.random() < 0.45 else circle(x, y, radius)
    canvas.paint(shape, Surface(colour=colour, shade=0.04, grain=0, lit=False), DISC_DEPTH)


def crescent(x: float, y: float, radius: float) -> Shape:
    """The moon's lit edge, open to the right."""
    angle = np.linspace(0.6, 5.7, 30)
    outer = np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], 1)
    back = angle[::-1] * 0.92 + 0.25
    inner = np.stack([x + 0.42 * radius + 0.8 * radius * np.cos(back), y + 0.78 * radius * np.sin(back)], 1)
    return Shape(polygons=(np.concatenate([outer, inner]).astype(np.float32),))


def _paint_glow(canvas: Canvas, colour: Colour, x: float, y: float, radius: float) -> None:
    glow = Surface(colour=colour, shade=0, grain=0, lit=False, opacity=0.16)
    for factor in (2.2, 1.6, 1.25):
        canvas.paint(circle(x, y, radius * factor), glow, SKY_DEPTH, Line.NONE)


def sun_rays(x: float, y: float, radius: float) -> tuple[Segment, ...]:
    """The rays people draw around a sun; no picture shows them."""
    return tuple(
        (x + 1.35 * radius * c, y + 1.35 * radius * s, x + 1.9 * radius * c, y + 1.9 * radius * s)
        for c, s in ((math.cos(angle), math.sin(angle)) for angle in np.arange(9) * 0.698)
    )


def paint_cloud(canvas: Canvas, colour: Colour, x: float, y: float, size: float) -> None:
    """Four balls on a flat base."""
    balls = ((-0.42, 0.16), (-0.18, 0.24), (0.12, 0.28), (0.4, 0.17))
    circles = tuple((x + d * size, y - abs(0.5 - abs(d)) * 0.1 * size, size * radius) for d, radius in balls)
    base = rectangle(x - 0.45 * size, y, x + 0.45 * size, y + 0.14 * size)
    surface = Surface(colour=colour, shade=0.08, grain=0.03, lit=False, opacity=0.93)
    canvas.paint(Shape(polygons=base.polygons, circles=circles), surface, CLOUD_DEPTH)


def paint_mountains(canvas: Canvas, horizon: float, outlined_snow: bool) -> None:
    """2 to 4 mountains with snow on top; whether the snow is drawn around too, people do either."""
    rng = canvas.rng
    for x in np.sort(rng.uniform(-0.05, 1.05, rng.integers(2, 5))).tolist():
        height, half = rng.uniform(0.18, 0.36), rng.uniform(0.2, 0.38)
        peak_x, peak = x + rng.uniform(-0.05, 0.05), horizon - height
        rock = Surface(colour=np.array(ROCK) * rng.uniform(0.85, 1.1), nearness=0.15, shade=0.3, grain=0.06)
        mountain = polygon((x - half, horizon + 0.08), (peak_x, peak), (x + half, horizon + 0.08))
        canvas.paint(mountain, rock, MOUNTAIN_DEPTH)
        snow_line = peak + (height + 0.08) * 0.3
        cap = polygon(
            (peak_x - (peak_x - x + half) * 0.3, snow_line),
            (peak_x, peak),
            (peak_x + (x + half - peak_x) * 0.3, snow_line),
            (peak_x + 0.04, peak + height * 0.3 * 0.75),
            (peak_x - 0.02, peak + height * 0.3 * 1.1),
        )
        snow = Surface(colour=SNOW, nearness=0.15, shade=0.12)
        canvas.paint(cap, snow, MOUNTAIN_DEPTH, Line.MARK if outlined_snow else Line.NONE)


def paint_hills(canvas: Canvas, horizon: float) -> None:
    """One to three chains of hills, the nearer the lower."""
    rng = canvas.rng
    for i in range(rng.integers(1, 4)):
        amplitude = rng.uniform(0.03, 0.08)
        shape = Ridge(y=horizon - 0.11 + 0.05 * i, amplitude=amplitude, waves=3, smoothness=1.3).shape(rng)
        colour = np.array(HILL) * rng.uniform(0.82, 1.12) * np.array([1 - 0.08 * i, 1, 1 - 0.1 * i])
        nearness = FIRST_HILL_DEPTH + HILL_STEP * i
        canvas.paint(shape, Surface(colour=colour, nearness=nearness, shade=0.12, grain=0.05), nearness)


def paint_sea(canvas: Canvas, ground: Ground) -> None:
    """Water up to a straight horizon."""
    colour = np.array(SEA) * canvas.rng.uniform(0.92, 1.08)
    surface = Surface(colour=colour * 1.15, bottom_colour=colour * 0.72, nearness=0.25, shade=0, grain=0.03)
    canvas.paint(rectangle(-0.1, ground.horizon, 1.1, 1.1), surface, ground.depths)


def paint_waves(canvas: Canvas, horizon: float) -> None:
    """Streaks of foam; too faint for the outline."""
    rng = canvas.rng
    foam = Surface(colour=FOAM, nearness=0.5, shade=0, grain=0, opacity=0.45)
    for _ in range(rng.integers(4, 12)):
        x, y = rng.random(), rng.uniform(horizon + 0.06, 0.95)
        half = rng.uniform(0.03, 0.1) * y
        path = points((x - half, y), (x, y - 0.006), (x + half, y))
        canvas.paint(Shape(strokes=((path, 0.005),)), foam, SKY_DEPTH, Line.NONE)


def paint_meadow(canvas: Canvas, ground: Ground) -> None:
    """Grass up to a nearly flat horizon."""
    rng = canvas.rng
    colour = np.array(GRASS) * rng.uniform(0.92, 1.08)
    ridge = Ridge(y=ground.horizon + 0.015, amplitude=rng.uniform(0.004, 0.02), waves=2, smoothness=1.0)
    surface = Surface(colour=colour * 0.92, bottom_colour=colour * 1.05, nearness=0.25, shade=0, grain=0.03)
    canvas.paint(ridge.shape(rng), surface, ground.depths)


def paint_lake(canvas: Canvas, ground: Ground, x: float, y: float, radii: tuple[float, float]) -> None:
    """A lake in the meadow, its middle at (`x`, `y`)."""
    surface = Surface(colour=LAKE, bottom_colour=LAKE_NEAR, nearness=y, shade=0)
    canvas.paint(ellipse(x, y, *radii, corners=40), surface, ground.depths)


def paint_road(canvas: Canvas, ground: Ground) -> None:
    """A road from the horizon to the lower edge, with one bend."""
    rng = canvas.rng
    far_x, near_x, width = rng.uniform(0.3, 0.7), rng.uniform(0.2, 0.8), rng.uniform(0.1, 0.2)
    along = np.linspace(0, 1, 16)
    bend = rng.uniform(-0.15, 0.15)
    x = far_x + (near_x - far_x) * along + bend * np.sin(along * 3.14)
    y = ground.horizon + 0.02 + (1.05 - ground.horizon) * along
    half = 0.008 + width * along**1.5
    sides = np.concatenate([np.stack([x - half, y], 1), np.stack([x + half, y], 1)[::-1]]).astype(np.float32)
    colour = EARTH_ROAD if rng.random() < 0.6 else STONE_ROAD
    canvas.paint(Shape(polygons=(sides,)), Surface(colour=colour, nearness=0.5, shade=0.05), ground.depths)
