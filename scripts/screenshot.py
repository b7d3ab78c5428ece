"""Take the pictures of the page that README and docs show: `python scripts/screenshot.py`.

Needs the test requirements and Chromium. Starts the program in a temporary folder and drives it like a person.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page, sync_playwright  # noqa: E402

from core.files import DataFolder  # noqa: E402

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
LONG = 180_000  # milliseconds
MADE_BEFORE = [("Sail boat", 3), ("House", 2), ("House", 4)]  # what fills the strip: (example, seed)
SHOWN = ("Mountains", 8)


def make(page: Page, example: str, seed: int) -> None:
    """One picture from an example, with a seed of ours."""
    page.get_by_role("button", name=example, exact=True).click()
    page.locator("#map [data-state=shown]").wait_for()
    page.locator("#seed input, #seed textarea").fill(str(seed))
    box = page.get_by_role("checkbox", name="Keep this seed")
    if not box.is_checked():
        box.check()
    before = page.locator("#viewer [data-phase]").get_attribute("data-run") or ""
    page.get_by_role("button", name="Generate", exact=True).click()
    page.wait_for_function(
        "before => { const v = document.querySelector('#viewer [data-phase]');"
        " return v.dataset.phase === 'finished' && v.dataset.run !== before; }",
        arg=before,
        timeout=LONG,
    )


def main() -> None:
    temp = Path(tempfile.mkdtemp())
    data = DataFolder(temp)
    data.prepare()
    from server.environment import prepare_environment

    prepare_environment(data.temp)
    from pipeline.engine import Engine
    from tests.serving import serving

    engine = Engine(data, "cpu")
    engine.start()
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with serving(engine) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme=scheme)  # pyright: ignore
            page.goto(server.url)
            page.locator("#canvas [data-ready='1']").wait_for()
            page.locator("#status [data-state=ready]").wait_for(timeout=LONG)
            for example, seed in (*(MADE_BEFORE if scheme == "light" else ()), SHOWN):
                make(page, example, seed)
            page.mouse.move(640, 5)
            page.wait_for_function(
                "[...document.querySelectorAll('#viewer .strip img')]"
                ".every((image) => image.complete && image.naturalWidth)"
                " && !document.getAnimations().length"
            )
            page.screenshot(path=ROOT / "docs" / "images" / f"studio-{scheme}.png")
        browser.close()
    engine.stop()
    shutil.rmtree(temp, ignore_errors=True)


if __name__ == "__main__":
    main()
