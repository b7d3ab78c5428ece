"""Annotators that look at no content."""

from __future__ import annotations

from typing import ClassVar, Literal

from annotators.base import Annotator
from core.picture import Picture


class Invert(Annotator):
    """Swap light and dark: 255 minus each channel."""

    title: ClassVar[str] = "Invert"
    summary: ClassVar[str] = "Swaps light and dark, for maps drawn the other way round"

    kind: Literal["invert"] = "invert"

    def __call__(self, picture: Picture) -> Picture:
        return Picture(255 - picture.pixels)


class Unchanged(Annotator):
    """The picture is a finished control map already."""

    title: ClassVar[str] = "None (a finished map)"
    summary: ClassVar[str] = "Uses the picture as it is"

    kind: Literal["none"] = "none"

    def __call__(self, picture: Picture) -> Picture:
        return Picture(picture.pixels)
