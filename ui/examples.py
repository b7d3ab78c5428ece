"""Drawings to begin with: each fills the canvas and the prompt in one click."""

from __future__ import annotations

import json
from pathlib import Path

from core.picture import open_picture_file
from core.value import Value
from ui.canvas import GuideSource

FOLDER = Path(__file__).parent / "examples"


class Example(Value):
    """A drawing that ships with the program, and words that go with it."""

    title: str
    file: str
    prompt: str

    def open_drawing(self) -> GuideSource:
        """The drawing, as if it had been drawn by hand.

        Raises:
            BadPicture: its file is missing or damaged.
        """
        return GuideSource(mode="draw", picture=open_picture_file(FOLDER / self.file))


def list_examples() -> tuple[Example, ...]:
    """Every example, in the order of `examples/examples.json`."""
    listed = json.loads((FOLDER / "examples.json").read_text(encoding="utf-8"))
    return tuple(Example(**example) for example in listed)
