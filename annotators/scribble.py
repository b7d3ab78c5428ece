"""Drawings: two-level lines, light on black, whichever way round they were drawn."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from annotators.base import Annotator, from_grey, to_grey
from core.picture import Picture

Polarity = Literal["auto", "dark_on_light", "light_on_dark"]


class Scribble(Annotator):
    """Threshold a drawing into light lines on black, which is what scribble ControlNets were trained on.

    Threshold 127 is that of lllyasviel/ControlNet `gradio_scribble2image.py`. People draw both dark on light and light
    on dark; `polarity="auto"` looks which one it is and says so in a note.
    """

    title: ClassVar[str] = "Scribble"
    summary: ClassVar[str] = "Lines of a drawing"

    kind: Literal["scribble"] = "scribble"
    threshold: int = Field(
        default=127,
        ge=1,
        le=254,
        strict=True,
        title="Threshold",
        description="How dark (or light) a stroke must be to count.",
    )
    polarity: Polarity = Field(
        default="auto", title="Lines are", description="Whether lines are darker or lighter than the paper; auto looks."
    )

    def __call__(self, picture: Picture) -> Picture:
        grey = to_grey(picture)
        dark_lines = is_dark_on_light(grey) if self.polarity == "auto" else self.polarity == "dark_on_light"
        lines = grey <= self.threshold if dark_lines else grey > self.threshold
        notes = ("Dark lines on light paper were turned into light lines on black.",) if dark_lines else ()
        return from_grey(np.where(lines, 255, 0).astype(np.uint8), notes if self.polarity == "auto" else ())


def is_dark_on_light(grey: np.ndarray) -> bool:
    """Decide whether a drawing (uint8 height x width) stands on light paper.

    Paper is what lies along the border, but a frame or lines may run there as well; so three parts vote: the border, a
    ring one twelfth of the picture further in, and the whole.
    """
    inset = min(grey.shape) // 12
    inner = grey[inset : grey.shape[0] - inset, inset : grey.shape[1] - inset]
    light = [float((part > 127).mean()) > 0.5 for part in (_border(grey), _border(inner), grey)]
    return sum(light) >= 2


def _border(grey: np.ndarray) -> np.ndarray:
    return np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])


def looks_drawn(picture: Picture) -> bool:
    """Whether a picture is a drawing (paper and ink, little between) rather than a photo.

    A drawing's pixels are grey, and nearly all within 40 levels of its lightest or darkest; a photo's are spread.
    """
    pixels = picture.pixels.astype(np.int16)
    colourful = float((pixels.max(axis=2) - pixels.min(axis=2) > 40).mean())
    grey = to_grey(picture)
    low, high = np.percentile(grey, (0.5, 99.5))
    between = float(((grey > low + 40) & (grey < high - 40)).mean())
    return colourful < 0.15 and between < 0.12 and high - low > 80
