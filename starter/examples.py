"""The example drawings the Studio offers. `python -m starter.examples` writes them to `ui/examples/`."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.files import REPOSITORY, write_atomic
from core.picture import Picture
from starter.pen import Pen

FOLDER = REPOSITORY / "ui" / "examples"


@dataclass(frozen=True, kw_only=True)
class Example:
    """A drawing and the words that go with it."""

    title: str
    file: str
    prompt: str
    draw: Callable[[], Picture]


def draw_house() -> Picture:
    """A house and a round tree before hills, a sun."""
    pen = Pen(seed=3)
    pen.line(*_wave(0.0, 1.0, y=0.45, height=0.05, waves=1.4))
    pen.line((0.0, 0.57), (0.5, 0.565), (1.0, 0.575))
    pen.oval(0.82, 0.15, 0.08, 0.08)
    _house(pen, 0.36, 0.88, width=0.44, height=0.3)
    _tree(pen, 0.8, 0.84, 0.5)
    return pen.finish()


def draw_boat() -> Picture:
    """A sail boat on the sea, a sun."""
    pen = Pen(seed=4)
    pen.line((0.0, 0.5), (0.5, 0.497), (1.0, 0.502))
    pen.oval(0.2, 0.2, 0.08, 0.08)
    _boat(pen, 0.5, 0.8, 0.42)
    return pen.finish()


def draw_mountains() -> Picture:
    """Three mountains, two pines before them, a sun."""
    pen = Pen(seed=5)
    pen.oval(0.85, 0.16, 0.075, 0.075)
    for peak_x, peak, half in ((0.2, 0.3, 0.24), (0.78, 0.34, 0.24), (0.5, 0.2, 0.27)):
        pen.shape((peak_x - half, 0.575), (peak_x, peak), (peak_x + half, 0.575))
    pen.line((0.0, 0.575), (1.0, 0.58))
    _pine(pen, 0.27, 0.9, 0.42)
    _pine(pen, 0.74, 0.84, 0.34)
    return pen.finish()


EXAMPLES: tuple[Example, ...] = (
    Example(
        title="House",
        file="house.png",
        prompt="a yellow house and a green tree in a meadow with hills on a sunny day with the sun",
        draw=draw_house,
    ),
    Example(
        title="Sail boat",
        file="boat.png",
        prompt="a red boat on the sea under a blue sky with the sun",
        draw=draw_boat,
    ),
    Example(
        title="Mountains",
        file="mountains.png",
        prompt="two pine trees in a meadow in front of mountains on a sunny day with the sun",
        draw=draw_mountains,
    ),
)


def write_examples(folder: Path = FOLDER) -> None:
    """Draw all examples into `folder`, with their list beside them.

    Raises:
        StorageFailed: the folder may not be written.
    """
    for example in EXAMPLES:
        write_atomic(folder / example.file, example.draw().to_png())
    listed = [{"title": one.title, "file": one.file, "prompt": one.prompt} for one in EXAMPLES]
    write_atomic(folder / "examples.json", (json.dumps(listed, indent=2) + "\n").encode())


def _wave(start: float, end: float, y: float, height: float, waves: float) -> list[tuple[float, float]]:
    steps = [start + (end - start) * i / 40 for i in range(41)]
    return [(x, y + height * math.sin(2 * math.pi * waves * x)) for x in steps]


def _house(pen: Pen, x: float, y: float, width: float, height: float) -> None:
    top, eaves = y - height, width * 0.6
    pen.shape((x - width / 2, top), (x + width / 2, top), (x + width / 2, y), (x - width / 2, y))
    pen.shape((x - eaves, top), (x, top - width * 0.42), (x + eaves, top))
    door = width * 0.1
    pen.line((x - door, y), (x - door, y - height * 0.55), (x + door, y - height * 0.55), (x + door, y))
    for side in (-0.3, 0.3):
        left, upper, pane = x + width * side - width * 0.08, y - height * 0.72, width * 0.16
        pen.shape((left, upper), (left + pane, upper), (left + pane, upper + pane), (left, upper + pane))


def _tree(pen: Pen, x: float, y: float, size: float) -> None:
    half = 0.06 * size
    pen.shape((x - half, y - 0.5 * size), (x + half, y - 0.5 * size), (x + 1.3 * half, y), (x - 1.3 * half, y))
    pen.oval(x, y - 0.68 * size, 0.3 * size, 0.32 * size)


def _pine(pen: Pen, x: float, y: float, size: float) -> None:
    half = 0.05 * size
    pen.shape((x - half, y - 0.25 * size), (x + half, y - 0.25 * size), (x + half, y), (x - half, y))
    pen.shape((x - 0.3 * size, y - 0.18 * size), (x, y - size), (x + 0.3 * size, y - 0.18 * size))


def _boat(pen: Pen, x: float, y: float, size: float) -> None:
    for height, inner, outer in ((0.97, 0.03, 0.46), (0.85, -0.03, -0.34)):
        foot = y - 0.15 * size
        pen.shape((x + inner * size, y - height * size), (x + inner * size, foot), (x + outer * size, foot))
    deck, keel = y - 0.1 * size, y + 0.14 * size
    pen.shape((x - 0.5 * size, deck), (x + 0.55 * size, deck), (x + 0.38 * size, keel), (x - 0.36 * size, keel))


if __name__ == "__main__":
    write_examples()
