"""The things that stand in a scene, and how each is painted. `THINGS` is the whole list."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from starter.paint import Canvas, Line, Surface
from starter.palette import BARK, BRICK, CROWNS, DOOR, GLASS, LAMP, MAST, NAMED, PINE, PINE_BARK, ROOFS, SAILCLOTH
from starter.shapes import Shape, ellipse, polygon, rectangle


@dataclass(frozen=True, kw_only=True)
class Spot:
    """Where a thing stands: its foot at (`x`, `y`), `size` tall or so (fractions of the picture's side)."""

    x: float
    y: float
    size: float
    colour: str  # one of the thing's colours; "" when it has only its own
    depth: float  # 0 far - 1 near
    after_dark: bool

    @property
    def nearness(self) -> float:
        """How near for the haze; not for `depth`, which is that of the ground at the foot."""
        return min(1.0, 0.25 + 0.75 * self.y)


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One kind of thing: what captions call it, how large it gets, its colours, and how it is painted."""

    name: str
    paint: Callable[[Canvas, Spot], None]
    sizes: tuple[float, float]
    reach: float  # half of the room it keeps free, as a fraction of its size
    colours: tuple[str, ...] = ()  # a colour that stands twice is twice as frequent
    several: bool = True  # whether a scene may have two or three


def paint_house(canvas: Canvas, spot: Spot) -> None:
    """Walls, a pointed or a hipped roof, a door, one or two windows, and a chimney on every other house."""
    rng, x, y, k, near = canvas.rng, spot.x, spot.y, spot.size, spot.nearness
    width = k * rng.uniform(0.9, 1.25)
    height = k * rng.uniform(0.62, 0.85)
    top = y - height
    roof = ROOFS[rng.integers(len(ROOFS))]
    if rng.random() < 0.5:
        chimney = x + width * rng.uniform(0.12, 0.3)
        brick = Surface(colour=BRICK, nearness=near)
        canvas.paint(rectangle(chimney - 0.05 * k, top - 0.45 * k, chimney + 0.07 * k, top), brick, spot.depth)
    walls = Surface(colour=NAMED[spot.colour], nearness=near, shade=0.15)
    canvas.paint(rectangle(x - width / 2, top, x + width / 2, y), walls, spot.depth)
    if rng.random() < 0.7:
        shape = polygon((x - width * 0.6, top), (x, top - k * rng.uniform(0.4, 0.6)), (x + width * 0.6, top))
    else:
        ridge = top - 0.38 * k
        eaves, peak = width * 0.58, width * 0.4
        shape = polygon((x - eaves, top), (x - peak, ridge), (x + peak, ridge), (x + eaves, top))
    canvas.paint(shape, Surface(colour=roof, nearness=near, shade=0.2, grain=0.07), spot.depth)
    door = x + width * rng.choice([-0.24, 0, 0.24])
    shape = rectangle(door - 0.095 * k, y - 0.42 * k, door + 0.095 * k, y)
    canvas.paint(shape, Surface(colour=DOOR, nearness=near), spot.depth)
    _paint_windows(canvas, spot, width, y - height * 0.58, door)


def _paint_windows(canvas: Canvas, spot: Spot, width: float, y: float, door: float) -> None:
    """Windows at height `y`, left, middle and right, wherever the door leaves room; lit ones after dark."""
    half = 0.085 * spot.size
    for offset in (-0.3, 0, 0.3):
        x = spot.x + width * offset
        if abs(x - door) < 0.18 * spot.size:
            continue
        lamp = spot.after_dark or canvas.rng.random() < 0.1
        pane = Surface(colour=LAMP if lamp else GLASS, nearness=spot.nearness, lit=not lamp, grain=0)
        canvas.paint(rectangle(x - half, y - half, x + half, y + half), pane, spot.depth)


def paint_tree(canvas: Canvas, spot: Spot) -> None:
    """A trunk with a crown of leaves: a plain egg, as people draw it, or a bunch of balls."""
    if canvas.rng.random() < 0.4:
        _paint_trunk(canvas, spot, nearness=1)
        _paint_plain_crown(canvas, spot)
    else:
        _paint_trunk(canvas, spot, nearness=spot.nearness)
        _paint_bunched_crown(canvas, spot)


def _paint_trunk(canvas: Canvas, spot: Spot, nearness: float) -> None:
    x, y, k = spot.x, spot.y, spot.size
    half = 0.06 * k
    shape = polygon((x - half, y - 0.5 * k), (x + half, y - 0.5 * k), (x + half * 1.3, y), (x - half * 1.3, y))
    canvas.paint(shape, Surface(colour=BARK, nearness=nearness), spot.depth)


def _paint_plain_crown(canvas: Canvas, spot: Spot) -> None:
    rng, k = canvas.rng, spot.size
    shape = ellipse(spot.x, spot.y - 0.68 * k, rng.uniform(0.22, 0.36) * k, rng.uniform(0.26, 0.38) * k)
    leaves = np.array(CROWNS[spot.colour]) * rng.uniform(0.88, 1.1)
    canvas.paint(shape, Surface(colour=leaves, shade=0.32, grain=0.1), spot.depth)


def _paint_bunched_crown(canvas: Canvas, spot: Spot) -> None:
    rng, x, y, k = canvas.rng, spot.x, spot.y - 0.72 * spot.size, spot.size
    leaves = np.array(CROWNS[spot.colour]) * rng.uniform(0.88, 1.1)
    count = rng.integers(4, 7)
    balls = [(x, y, 0.25 * k)]
    for i in range(count):
        angle = i / count * 6.28 + rng.uniform(-0.2, 0.2)
        balls.append((x + 0.2 * k * math.cos(angle), y + 0.17 * k * math.sin(angle), rng.uniform(0.13, 0.19) * k))
    surface = Surface(colour=leaves, nearness=spot.nearness, shade=0.32, grain=0.1)
    canvas.paint(Shape(circles=tuple(balls)), surface, spot.depth)


def paint_pine(canvas: Canvas, spot: Spot) -> None:
    """A pine: one triangle, as people draw it, or three on top of one another."""
    rng, x, y, k = canvas.rng, spot.x, spot.y, spot.size
    plain = rng.random() < 0.35
    near = 1.0 if plain else spot.nearness
    half = (0.05 if plain else 0.06) * k
    canvas.paint(rectangle(x - half, y - 0.25 * k, x + half, y), Surface(colour=PINE_BARK, nearness=near), spot.depth)
    needles = np.array(PINE) * rng.uniform(0.85, 1.15)
    if plain:
        shape = polygon((x - 0.3 * k, y - 0.16 * k), (x, y - k), (x + 0.3 * k, y - 0.16 * k))
        canvas.paint(shape, Surface(colour=needles, shade=0.25, grain=0.08), spot.depth)
        return
    for tier in range(3):
        base, half = y - 0.18 * k - tier * 0.26 * k, (0.34 - 0.08 * tier) * k
        surface = Surface(colour=needles * (1 + 0.08 * tier), nearness=near, shade=0.25, grain=0.08)
        canvas.paint(polygon((x - half, base), (x, base - 0.46 * k), (x + half, base)), surface, spot.depth)


def paint_boat(canvas: Canvas, spot: Spot) -> None:
    """A sail boat: mast, a large and a small sail, a hull whose deck is at the water's height."""
    rng, x, y, k, near = canvas.rng, spot.x, spot.y, spot.size, spot.nearness
    side = int(rng.choice([-1, 1]))
    mast = Surface(colour=MAST, nearness=near)
    canvas.paint(rectangle(x - 0.012 * k, y - k, x + 0.018 * k, y), mast, spot.depth, Line.COVER)
    cloth = SAILCLOTH if rng.random() < 0.7 else NAMED[("red", "yellow", "blue")[rng.integers(3)]]
    sail = Surface(colour=cloth, nearness=near, shade=0.1)
    for height, inner, outer in ((0.97, 0.05, 0.46), (0.85, -0.05, -0.32)):
        inner_x, outer_x = x + inner * k * side, x + outer * k * side
        foot = y - 0.14 * k
        canvas.paint(polygon((inner_x, y - height * k), (inner_x, foot), (outer_x, foot)), sail, spot.depth)
    deck, keel = y - 0.1 * k, y + 0.13 * k
    hull = polygon((x - 0.5 * k, deck), (x + 0.55 * k, deck), (x + 0.38 * k, keel), (x - 0.36 * k, keel))
    canvas.paint(hull, Surface(colour=NAMED[spot.colour], nearness=near, shade=0.2), spot.depth)


HOUSE = Thing(
    name="house",
    paint=paint_house,
    sizes=(0.24, 0.44),
    reach=0.62,
    colours=("red", "blue", "yellow", "white", "orange", "pink"),
    several=False,
)
TREE = Thing(
    name="tree",
    paint=paint_tree,
    sizes=(0.28, 0.52),
    reach=0.4,
    colours=("green", "green", "green", "orange", "pink", "yellow"),
)
PINE_TREE = Thing(name="pine tree", paint=paint_pine, sizes=(0.28, 0.52), reach=0.4)
BOAT = Thing(
    name="boat",
    paint=paint_boat,
    sizes=(0.22, 0.44),
    reach=0.5,
    colours=("red", "blue", "yellow", "white", "brown"),
)

THINGS: tuple[Thing, ...] = (HOUSE, TREE, PINE_TREE, BOAT)
