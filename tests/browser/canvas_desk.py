"""A person at the canvas's test page (canvas_app.py): draws on the paper and looks at what Python was given."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
from PIL import Image

from core.picture import open_picture_file

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
LINE = [(0.2, 0.5), (0.8, 0.5)]  # fractions of the paper: a horizontal line through its middle


class Desk:
    """A person at the test page: draws on the paper and looks at what Python was given."""

    def __init__(self, page, pictures: Path) -> None:
        self.page, self.pictures, self.count = page, pictures, 0
        self.component = page.locator("#cv")
        self.paper = page.locator("#cv canvas")
        self.wait_ready()

    def wait_ready(self) -> None:
        self.page.locator("#cv [data-ready='1']").wait_for()
        self.page.locator("#second [data-ready='1']").wait_for()

    def at(self, across: float, down: float, paper=None) -> tuple[float, float]:
        box = (paper or self.paper).bounding_box()
        return box["x"] + box["width"] * across, box["y"] + box["height"] * down

    def draw(self, points: list[tuple[float, float]] = LINE, paper=None) -> None:
        mouse = self.page.mouse
        mouse.move(*self.at(*points[0], paper))
        mouse.down()
        for point in points[1:]:
            mouse.move(*self.at(*point, paper), steps=6)
        mouse.up()

    def press(self, name: str) -> None:
        self.component.get_by_role("button", name=name, exact=True).click()

    def seen(self) -> dict:
        """What Python was given by the next `input`, or by "Read"; each of them counts once."""
        from playwright.sync_api import expect

        self.count += 1
        box = self.page.locator("#seen textarea")
        expect(box).to_have_value(re.compile(rf'"count": {self.count},'))
        return json.loads(box.input_value())

    def expect_seen(self, text: str) -> None:
        """Python was given what is described with this text (a digest, say), at load or by an event."""
        boxes = "[...document.querySelectorAll('#seen textarea, #loaded textarea')]"
        self.page.wait_for_function(f"text => {boxes}.some((box) => box.value.includes(text))", arg=text)

    def read(self) -> dict:
        self.page.locator("#read").click()
        return self.seen()

    def pixels(self, seen: dict) -> np.ndarray:
        """The picture that Python was given, height x width x 3."""
        return open_picture_file(self.pictures / f"{seen['digest']}.png").pixels

    def ink(self, seen: dict) -> int:
        return int((self.pixels(seen)[..., 0] < 128).sum())

    def status(self) -> str:
        return self.component.locator(".gc-status").inner_text()


def noise(width: int, height: int, kind: str) -> bytes:
    """A photo's bytes, in which every pixel would show a second encoding."""
    pixels = np.random.default_rng(7).integers(0, 256, (height, width, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def transfer_of(desk: Desk, name: str, kind: str, data: bytes):
    """A DataTransfer that holds one file, as a drop or a paste brings it."""
    make = """([name, type, data]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name, { type }));
      return transfer;
    }"""
    return desk.page.evaluate_handle(make, [name, kind, base64.b64encode(data).decode()])
