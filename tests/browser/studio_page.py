"""The Studio as a person uses it: a thin layer of words over the page."""

from __future__ import annotations

import base64
import re

from playwright.sync_api import Locator, Page, expect

HOUSE = [
    [(0.30, 0.80), (0.30, 0.50), (0.70, 0.50), (0.70, 0.80), (0.30, 0.80)],
    [(0.25, 0.50), (0.50, 0.28), (0.75, 0.50)],
    [(0.45, 0.80), (0.45, 0.62), (0.55, 0.62), (0.55, 0.80)],
]
HILLS = [
    [(0.02, 0.45), (0.15, 0.35), (0.30, 0.44)],
    [(0.70, 0.44), (0.85, 0.34), (0.98, 0.45)],
    [(0.02, 0.82), (0.98, 0.82)],
]
LONG = 180_000  # milliseconds: a run on a busy machine

# What the picture really shows, as a short text: equal pixels, equal text.
PIXELS = """async () => {
  const image = document.querySelector('#viewer .picture');
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const pen = canvas.getContext('2d');
  pen.drawImage(image, 0, 0);
  const hash = await crypto.subtle.digest('SHA-256', pen.getImageData(0, 0, canvas.width, canvas.height).data);
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}"""


class StudioPage:
    """Acts on the page and waits on what it shows; never on time."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wait_ready()

    def wait_ready(self) -> None:
        self.page.locator("#canvas [data-ready='1']").wait_for()
        self.page.locator("#viewer[data-ready='1'], #viewer [data-ready='1']").first.wait_for()

    @property
    def viewer(self) -> Locator:
        return self.page.locator("#viewer [data-phase]")

    @property
    def prompt(self) -> Locator:
        return self.page.locator("#prompt textarea")

    @property
    def notes(self) -> Locator:
        return self.page.locator("#viewer .notes")

    @property
    def banner(self) -> Locator:
        return self.page.locator("#viewer .banner")

    @property
    def run_id(self) -> str:
        return self.viewer.get_attribute("data-run") or ""

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def draw(self, strokes: list[list[tuple[float, float]]]) -> None:
        """Draw with the mouse; coordinates are fractions of the paper."""
        box = self.page.locator("#canvas canvas").first.bounding_box()
        assert box is not None
        for stroke in strokes:
            points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
            self.page.mouse.move(*points[0])
            self.page.mouse.down()
            for point in points[1:]:
                self.page.mouse.move(*point, steps=6)
            self.page.mouse.up()

    def wait_for_map(self) -> str:
        """Wait until the map of what is drawn is shown; return its data URL."""
        self.page.locator("#map [data-state=shown]").wait_for()
        return self.page.locator("#map img").get_attribute("src") or ""

    def generate(self) -> str:
        """Press Generate and wait until a new run is watched; return its id."""
        before = self.run_id
        self.button("Generate").click()
        return self.wait_for_new_run(before)

    def wait_for_new_run(self, before: str) -> str:
        expect(self.viewer).not_to_have_attribute("data-run", before)
        expect(self.viewer).to_have_attribute("data-run", re.compile(r"\w+"))
        return self.run_id

    def expect_phase(self, phase: str) -> None:
        expect(self.viewer).to_have_attribute("data-phase", phase, timeout=LONG)

    def make(self) -> str:
        """Generate and wait for the finished picture; return what its pixels hash to."""
        self.generate()
        self.expect_phase("finished")
        return self.pixels()

    def pixels(self) -> str:
        return self.page.evaluate(PIXELS)

    def open_part(self, elem_id: str) -> None:
        """Open an accordion."""
        self.page.locator(f"#{elem_id} button").first.click()

    def set_number(self, elem_id: str, value: float) -> None:
        field = self.page.locator(f"#{elem_id} input[type=number]")
        field.fill(str(value))
        field.press("Tab")

    def keep_seed(self, seed: int) -> None:
        self.page.locator("#seed input, #seed textarea").fill(str(seed))
        box = self.page.get_by_role("checkbox", name="Keep this seed")
        if not box.is_checked():
            box.check()

    def slow_down(self) -> None:
        """So many steps that there is time to look, stop or reload."""
        self.open_part("sampling")
        self.set_number("steps", 150)

    def drop_file(self, selector: str, name: str, kind: str, data: bytes) -> None:
        """Drop a file on what `selector` finds, as a person drags it from a folder."""
        make = """([name, type, data]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name, { type }));
          return transfer;
        }"""
        transfer = self.page.evaluate_handle(make, [name, kind, base64.b64encode(data).decode()])
        for event in ("dragover", "drop"):
            self.page.dispatch_event(selector, event, {"dataTransfer": transfer})
