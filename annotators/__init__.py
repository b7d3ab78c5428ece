"""Annotators turn a picture into a control map. `ANNOTATORS` is the whole list."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from annotators.base import Annotator
from annotators.edges import Canny
from annotators.plain import Invert, Unchanged
from annotators.scribble import Scribble

ANNOTATORS: tuple[type[Annotator], ...] = (Scribble, Canny, Invert, Unchanged)

AnyAnnotator = Annotated[Scribble | Canny | Invert | Unchanged, Field(discriminator="kind")]

__all__ = ["ANNOTATORS", "Annotator", "AnyAnnotator", "Canny", "Invert", "Scribble", "Unchanged"]
