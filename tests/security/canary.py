"""A private picture and a private text that nothing may read, watched by an audit hook on every `open`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from PIL import Image

SECRET = b"the-canary-sings-4711"
NAME = "canary-4711"
_opened: list[str] = []


def _note_open(event: str, arguments: tuple) -> None:
    if event == "open" and isinstance(arguments[0], (str, bytes)) and NAME.encode() in os.fsencode(arguments[0]):
        _opened.append(os.fsdecode(arguments[0]))


sys.addaudithook(_note_open)  # for good: Python has no way to take one off, hence the cheap test above


class Canary:
    """`picture`, `page` and `text` lie in a folder outside of everything a server may read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.text, self.page, self.picture = (folder / f"{NAME}.{end}" for end in ("txt", "svg", "png"))
        self.text.write_bytes(SECRET)
        self.page.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'>" + SECRET + b"</svg>")
        Image.new("RGB", (32, 32), "yellow").save(self.picture)
        _opened.clear()

    def was_opened(self) -> list[str]:
        """Every path with the canary's name in it that this process opened since the last call."""
        seen = _opened.copy()
        _opened.clear()
        return seen
