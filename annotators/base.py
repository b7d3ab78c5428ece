"""What every annotator is: frozen settings that can be called."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from core.picture import Picture
from core.value import Value


class Annotator(Value):
    """Settings of one way to make a control map; calling it with a picture gives the map, of the same size.

    The fields are the only declaration: sliders, checks, the REST schema, the docs and saved settings all come from
    their defaults, bounds, titles and descriptions. Each has a `kind`, a literal that tells annotators apart in
    JSON.
    """

    title: ClassVar[str]
    summary: ClassVar[str]

    @abstractmethod
    def __call__(self, picture: Picture) -> Picture:
        """Return the control map of `picture`; `Picture.notes` of the map say what was decided on the way."""


def to_grey(picture: Picture) -> np.ndarray:
    """uint8 height x width luma (ITU-R BT.601), the grey that OpenCV's edge functions expect."""
    import cv2  # 0.2 s to import, which the start of the program need not pay

    return cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2GRAY)


def from_grey(grey: np.ndarray, notes: tuple[str, ...] = ()) -> Picture:
    """A Picture whose three channels are the uint8 height x width array `grey`."""
    return Picture(np.repeat(grey[..., None], 3, axis=2), notes)
