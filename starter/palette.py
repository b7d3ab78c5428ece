"""The colours of the scenes (RGB, 0-255) and the four lights they are seen in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Colour = tuple[float, float, float] | np.ndarray

NAMED: dict[str, Colour] = {
    "red": (200, 55, 45),
    "blue": (60, 105, 190),
    "yellow": (232, 196, 70),
    "white": (238, 234, 224),
    "orange": (230, 130, 45),
    "pink": (235, 140, 170),
    "brown": (125, 82, 50),
}
CROWNS: dict[str, Colour] = {  # leaves are duller than paint
    "green": (66, 138, 56),
    "orange": (214, 120, 40),
    "pink": (233, 150, 180),
    "yellow": (222, 186, 60),
}
BARK: Colour = (104, 70, 44)
PINE_BARK: Colour = (98, 66, 42)
PINE: Colour = (38, 96, 62)
ROOFS: tuple[Colour, ...] = ((150, 60, 45), (95, 70, 60), (80, 85, 105), (60, 90, 80))
BRICK: Colour = (130, 75, 60)
DOOR: Colour = (92, 58, 40)
LAMP: Colour = (250, 215, 110)
GLASS: Colour = (120, 165, 200)
MAST: Colour = (110, 80, 55)
SAILCLOTH: Colour = (240, 236, 226)
ROCK: Colour = (118, 120, 140)
SNOW: Colour = (240, 243, 248)
HILL: Colour = (86, 140, 70)
GRASS: Colour = (98, 158, 70)
SEA: Colour = (46, 112, 165)
LAKE: Colour = (62, 128, 172)
LAKE_NEAR: Colour = (96, 160, 195)
FOAM: Colour = (225, 235, 242)
STAR: Colour = (235, 235, 220)
EARTH_ROAD: Colour = (176, 150, 115)
STONE_ROAD: Colour = (120, 120, 125)


@dataclass(frozen=True, kw_only=True)
class Light:
    """A time of day or weather: the sky's two colours, what it does to all others, and the colour of sun and clouds."""

    name: str
    share: float  # of all scenes
    top: Colour
    horizon: Colour
    tint: Colour  # factor on each channel of everything lit
    disc: Colour | None  # the sun or the moon; None where the sky hides it
    cloud: Colour


LIGHTS: tuple[Light, ...] = (
    Light(
        name="day",
        share=0.36,
        top=(70, 140, 220),
        horizon=(190, 222, 245),
        tint=(1.0, 1.0, 1.0),
        disc=(255, 236, 150),
        cloud=(250, 250, 252),
    ),
    Light(
        name="sunset",
        share=0.25,
        top=(95, 75, 140),
        horizon=(250, 165, 90),
        tint=(1.02, 0.76, 0.66),
        disc=(255, 205, 110),
        cloud=(245, 175, 150),
    ),
    Light(
        name="night",
        share=0.22,
        top=(12, 18, 48),
        horizon=(44, 58, 105),
        tint=(0.34, 0.40, 0.60),
        disc=(240, 240, 225),
        cloud=(62, 72, 110),
    ),
    Light(
        name="cloudy",
        share=0.17,
        top=(130, 142, 158),
        horizon=(198, 204, 210),
        tint=(0.80, 0.82, 0.85),
        disc=None,
        cloud=(165, 172, 182),
    ),
)
