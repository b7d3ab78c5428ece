"""Picture-book scenes with everything known about them: caption, outline, depth, and what stands where.

The domain is that of the shipped weights: houses, trees, pines and sail boats before hills, mountains, a meadow, a lake
or the sea, with sun, moon, clouds and a road, by day, at sunset, at night and under a grey sky. docs/starter.md tells
how to add to it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from core.picture import Picture
from core.value import Value
from starter import landscape
from starter.captions import CLOUDS, MOON, ONE_CLOUD, SUN, Facts, write_caption
from starter.landscape import Ground, Segment
from starter.layout import Lake, Layout
from starter.objects import Spot
from starter.paint import MIN_SIZE, Canvas
from starter.palette import LIGHTS, Light

GROUNDS, GROUND_SHARES = ("grass", "sea", "lake"), (0.58, 0.22, 0.2)
BACKGROUNDS, BACKGROUND_SHARES = ("hills", "mountains", ""), (0.36, 0.36, 0.28)


class SceneObject(Value):
    """One thing in a scene; `x`, `y` (its foot) and `size` are fractions of the picture's side.

    `depth` is 0 far - 1 near. A thing may be hidden by nearer ones or reach out of the picture.
    """

    thing: str
    colour: str
    x: float
    y: float
    size: float
    depth: float


class Scene(Value):
    """A picture and its exact maps, all of the same size.

    `outline`: white lines on black around every part one sees, the way people draw: without mast, foam and stars, and
    with or without the snow on mountains. `depth`: grey, near is light, the sky is black. `groups` are the things as
    the caption names them; `sky` what stands in it, said or not; `sun_rays` what people add to the sun (fractions of
    the side), for `starter.drawing`.
    """

    seed: int
    picture: Picture
    caption: str
    outline: Picture
    depth: Picture
    objects: tuple[SceneObject, ...]
    groups: tuple[str, ...]
    light: str
    ground: str
    background: str
    road: bool
    sky: tuple[str, ...]
    horizon: float
    sun_rays: tuple[Segment, ...]


class _Sky(NamedTuple):
    words: tuple[str, ...]
    rays: tuple[Segment, ...]


def render_scene(seed: int, size: int = 256) -> Scene:
    """Make the scene of `seed` (0 or more), `size` x `size` pixels (64 to 1024).

    The same seed gives the same bytes, and at another size the same scene.

    Raises:
        ValueError: `seed` is negative or `size` out of range.
    """
    return _compose(seed, Canvas(size, np.random.default_rng(seed)))


def write_scene_caption(seed: int) -> str:
    """The caption of `render_scene(seed)`, several times as fast, for nothing is painted."""
    return _compose(seed, Canvas(MIN_SIZE, np.random.default_rng(seed), blind=True)).caption


def _compose(seed: int, canvas: Canvas) -> Scene:
    rng = canvas.rng
    light = LIGHTS[rng.choice(len(LIGHTS), p=[light.share for light in LIGHTS])]
    colours = landscape.set_light(canvas, light)
    ground = Ground(rng.uniform(0.42, 0.64))
    landscape.paint_sky(canvas, colours)
    kind = GROUNDS[rng.choice(3, p=GROUND_SHARES)]
    background = BACKGROUNDS[rng.choice(3, p=BACKGROUND_SHARES)]
    sky = _paint_sky_things(canvas, light, ground.horizon)
    _paint_background(canvas, background, ground.horizon)
    lake, road = _paint_ground(canvas, kind, ground)
    layout = Layout(rng, kind, ground.horizon, lake)
    layout.fill()
    objects = _paint_objects(canvas, layout, ground, after_dark=light.name == "night")
    maps = canvas.finish()
    groups = tuple(layout.phrases)
    facts = Facts(light=light.name, ground=kind, background=background, road=road, sky=sky.words, groups=groups)
    return Scene(
        seed=seed,
        **maps._asdict(),
        **dict(facts),
        caption=write_caption(facts, rng),
        objects=objects,
        horizon=ground.horizon,
        sun_rays=sky.rays,
    )


def _paint_sky_things(canvas: Canvas, light: Light, horizon: float) -> _Sky:
    rng = canvas.rng
    words: list[str] = []
    rays: tuple[Segment, ...] = ()
    night = light.name == "night"
    if night:
        landscape.paint_stars(canvas, horizon)
    if light.disc is not None and rng.random() < 0.65:
        x = rng.uniform(0.1, 0.9)
        y = rng.uniform(0.09, 0.26) if rng.random() < 0.7 else horizon - rng.uniform(0.03, 0.2)
        radius = rng.uniform(0.05, 0.1)
        paint = landscape.paint_moon if night else landscape.paint_sun
        paint(canvas, light.disc, x, y, radius)
        if not night and rng.random() < 0.3:
            rays = landscape.sun_rays(x, y, radius)
        words.append(MOON if night else SUN)
    clouds = rng.integers(1, 4) if light.name == "cloudy" else rng.choice(4, p=[0.4, 0.25, 0.22, 0.13])
    for _ in range(clouds):
        x, y = rng.uniform(0.05, 0.95), rng.uniform(0.08, horizon - 0.14)
        landscape.paint_cloud(canvas, light.cloud, x, y, rng.uniform(0.2, 0.4))
    if clouds:
        words.append(CLOUDS if clouds > 1 else ONE_CLOUD)
    return _Sky(tuple(words), rays)


def _paint_background(canvas: Canvas, background: str, horizon: float) -> None:
    if background == "mountains":
        landscape.paint_mountains(canvas, horizon, outlined_snow=canvas.rng.random() < 0.4)
    elif background == "hills":
        landscape.paint_hills(canvas, horizon)


def _paint_ground(canvas: Canvas, kind: str, ground: Ground) -> tuple[Lake | None, bool]:
    """Paint meadow or sea with what lies on it; return the lake, if any, and whether there is a road."""
    rng, horizon = canvas.rng, ground.horizon
    if kind == "sea":
        landscape.paint_sea(canvas, ground)
        landscape.paint_waves(canvas, horizon)
        return None, False
    landscape.paint_meadow(canvas, ground)
    if kind == "lake":
        y, x = rng.uniform(horizon + 0.14, 0.82), rng.uniform(0.25, 0.75)
        radius_y, radius_x = rng.uniform(0.06, 0.12), rng.uniform(0.25, 0.45)
        landscape.paint_lake(canvas, ground, x, y, (radius_x, radius_y))
        return Lake(x=x, y=y, radius_x=radius_x, radius_y=radius_y), False
    road = rng.random() < 0.28
    if road:
        landscape.paint_road(canvas, ground)
    return None, road


def _paint_objects(canvas: Canvas, layout: Layout, ground: Ground, after_dark: bool) -> tuple[SceneObject, ...]:
    """Paint what the layout placed, far to near, and list it in that order."""
    objects = []
    for one in layout.far_to_near():
        depth = ground.depth(one.y)
        where = {"colour": one.colour, "x": one.x, "y": one.y, "size": one.size, "depth": depth}
        one.thing.paint(canvas, Spot(**where, after_dark=after_dark))
        objects.append(SceneObject(thing=one.thing.name, **where))
    return tuple(objects)
