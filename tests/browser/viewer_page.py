"""The viewer's page as a person meets it: what the tests say to it, and what they see."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.viewer_app import ViewerServer

COLORS = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255), "black": (0, 0, 0)}

# Synchronous on purpose: wait_for_function takes the promise of an async function for a yes.
SHOWS_COLOR = """(wanted) => {
  const image = document.querySelector('#viewer .frame:not([hidden]) .picture');
  if (!image || !image.complete || !image.naturalWidth) return false;
  const canvas = document.createElement('canvas');
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const seen = context.getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1).data;
  return wanted.every((value, index) => Math.abs(value - seen[index]) < 12);
}"""


class ViewerPage:
    """One open page with the viewer on it."""

    def __init__(self, page: Page, server: ViewerServer) -> None:
        self.page, self.server, self.store = page, server, server.store
        self.viewer = page.locator("#viewer")
        self.wait_ready()

    def wait_ready(self) -> None:
        self.viewer.locator("xpath=.//*[@data-ready='1' and @data-pictures]").wait_for()

    def at(self, selector: str) -> Locator:
        return self.viewer.locator(selector)

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.viewer.get_by_role("button", name=name)

    def give(self, **command: object) -> None:
        """Let Python send this command to the viewer."""
        self.page.locator("#command textarea, #command input").first.fill(json.dumps(command or None))
        self.page.locator("#send").click()

    def watch_new_run(self, run: str) -> None:
        self.store.start_run(run)
        self.give(run=run)
        self.at(f"[data-run='{run}']").wait_for()

    def expect_phase(self, phase: str, run: str | None = None) -> None:
        where = f"[data-phase='{phase}']" + (f"[data-run='{run}']" if run else "")
        self.at(where).wait_for()

    def expect_step(self, step: int) -> None:
        self.at(f"[data-step='{step}']").wait_for()

    def expect_picture(self, color: str) -> None:
        """Wait until the decoded picture on screen has this colour in its middle (JPEG may be off by a little)."""
        self.page.wait_for_function(SHOWS_COLOR, arg=list(COLORS[color]))

    def expect_heard(self, text: str) -> None:
        expect(self.page.locator("#heard textarea, #heard input").first).to_have_value(text)

    def make_picture(self, run: str, color: str = "red", **changes: object) -> None:
        """A whole run from start to the picture on screen."""
        self.watch_new_run(run)
        self.store.finish(run, [color], **changes)  # type: ignore[arg-type]
        self.expect_phase("finished", run)

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something on the server's side; the page goes on meanwhile."""
        end = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < end, f"never came: {what}"
            self.page.wait_for_timeout(20)

    def is_running(self) -> bool:
        return self.page.evaluate("window.controlnetStudio.isRunning")

    def running_mark(self) -> str | None:
        """What the page's own styles and Stop button go by."""
        return self.page.evaluate("document.documentElement.dataset.running ?? null")
