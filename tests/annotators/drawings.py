"""Grey drawings (uint8 height x width) of the kinds people make and photograph."""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image

from core.picture import Picture

SIDE = 256


def paper(value: int = 255) -> np.ndarray:
    return np.full((SIDE, SIDE), value, np.uint8)


def draw_house(grey: np.ndarray, ink: int, width: int = 3) -> np.ndarray:
    """A house drawn in lines of `ink`, well inside the picture."""
    cv2.rectangle(grey, (60, 110), (190, 220), (ink,), width)
    cv2.polylines(grey, [np.array([(50, 110), (125, 40), (200, 110)])], False, (ink,), width)
    return grey


def plain(width: int = 3) -> np.ndarray:
    return draw_house(paper(), 0, width)


def framed(inset: int, width: int) -> np.ndarray:
    """The house in a drawn frame whose middle line lies `inset` pixels from the border."""
    return cv2.rectangle(plain(), (inset, inset), (SIDE - 1 - inset, SIDE - 1 - inset), (0,), width)


def crossed() -> np.ndarray:
    """Lines that run out of the picture on all four sides."""
    drawn = plain()
    cv2.line(drawn, (0, 200), (SIDE, 200), (0,), 5)
    cv2.line(drawn, (100, 0), (110, SIDE), (0,), 5)
    return drawn


def filled_below(share: float) -> np.ndarray:
    """Ground filled with ink over the lower `share` of the paper."""
    drawn = plain()
    drawn[int(SIDE * (1 - share)) :] = 0
    return drawn


def filled_shape() -> np.ndarray:
    """A shape filled with ink that covers more than half of the paper and leaves its border free."""
    return cv2.rectangle(paper(), (30, 30), (SIDE - 31, SIDE - 31), (0,), -1)


def photographed(darkest: int, lightest: int, ink: int) -> np.ndarray:
    """Pen on grey paper that is lit from one corner, with the camera's noise."""
    down, across = np.mgrid[0:SIDE, 0:SIDE]
    light = darkest + (lightest - darkest) * (down + across) / (2 * SIDE - 2)
    noisy = light + np.random.default_rng(0).normal(0, 4, light.shape)
    return draw_house(noisy.clip(0, 255).astype(np.uint8), ink)


def vignetted() -> np.ndarray:
    """Paper whose corners lie in the dark."""
    down, across = np.mgrid[0:SIDE, 0:SIDE]
    distance = np.hypot(down - SIDE / 2, across - SIDE / 2) / (SIDE * 0.707)
    return draw_house((220 - 130 * distance**2).clip(0, 255).astype(np.uint8), 30)


def as_jpeg(grey: np.ndarray, quality: int = 20) -> np.ndarray:
    """What is left after a coarse JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def picture_of(grey: np.ndarray) -> Picture:
    return Picture(np.repeat(grey[..., None], 3, axis=2))


# Each is dark on light; its negative is light on dark.
DRAWINGS: dict[str, Callable[[], np.ndarray]] = {
    "fine lines": lambda: plain(1),
    "lines": plain,
    "thick lines": lambda: plain(9),
    "frame along the border": lambda: framed(0, 5),
    "thick frame along the border": lambda: framed(0, 30),
    "frame near the border": lambda: framed(10, 4),
    "lines out of the picture": crossed,
    "a third filled": lambda: filled_below(0.33),
    "four tenths filled": lambda: filled_below(0.4),
    "a large filled shape": filled_shape,
    "blank paper": paper,
    "grey paper": lambda: draw_house(paper(190), 60),
    "paper lit from one side": lambda: photographed(150, 230, 40),
    "paper in half shade": lambda: photographed(115, 200, 30),
    "paper with dark corners": vignetted,
    "faint pencil": lambda: draw_house(paper(245), 200, 1),
    "soft pencil": lambda: draw_house(paper(245), 120, 1),
}
