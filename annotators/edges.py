"""Edges of photos."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from annotators.base import Annotator, from_grey, to_grey
from core.picture import Picture


class Canny(Annotator):
    """Canny edges, 1 pixel wide, light on black: `cv2.Canny` on the luma, as every ControlNet "canny" was trained.

    Defaults 100/200 are those of lllyasviel/ControlNet `gradio_canny2image.py`.
    """

    title: ClassVar[str] = "Canny edges"
    summary: ClassVar[str] = "Sharp outlines of a photo"

    kind: Literal["canny"] = "canny"
    low: int = Field(
        default=100, ge=0, le=255, strict=True, title="Low threshold", description="Weaker edges than this are dropped."
    )
    high: int = Field(
        default=200,
        ge=0,
        le=255,
        strict=True,
        title="High threshold",
        description="Stronger edges than this are always kept.",
    )

    def __call__(self, picture: Picture) -> Picture:
        import cv2

        low, high = sorted((self.low, self.high))  # OpenCV swaps them as well; said here so that it is no accident
        return from_grey(cv2.Canny(to_grey(picture), low, high))
