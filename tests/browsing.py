"""A real Chromium for the tests of the page, and pages that fail when anything goes wrong on them.

Without Chromium such tests are skipped, unless CONTROLNET_STUDIO_REQUIRE_BROWSER=1 says that they must run. Playwright
may be started once in a process, so every test takes it from here; tests/conftest.py makes these fixtures known.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[1]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_SECONDS = 120  # importing Gradio alone takes several on a busy machine
WAIT_MS = 20_000


def _missing(what: str) -> None:
    if os.environ.get("CONTROLNET_STUDIO_REQUIRE_BROWSER") == "1":
        pytest.fail(f"{what}, and CONTROLNET_STUDIO_REQUIRE_BROWSER=1 asks for it")
    pytest.skip(what)


@pytest.fixture(scope="session")
def launch_chromium() -> Iterator[Callable]:
    """A function `launch_chromium(*flags) -> Browser`; each call is a process of its own, ended with the session."""
    try:
        from playwright.sync_api import expect, sync_playwright
    except ImportError:
        _missing("Playwright is not installed")
        return
    program = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if program is None:
        _missing("Chromium is not installed")
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:

        def launch(*flags: str):
            return playwright.chromium.launch(executable_path=program, args=[*CHROMIUM_FLAGS, *flags], headless=True)

        yield launch


@pytest.fixture(scope="session")
def browser(launch_chromium) -> Iterator:
    """One Chromium for the whole session."""
    chromium = launch_chromium()
    yield chromium
    chromium.close()


@pytest.fixture
def open_page(browser) -> Iterator[Callable]:
    """A function `open_page(url, **context_options) -> Page`; each call is a fresh browser profile.

    After the test every page opened so must have seen no script error, no error on the console, and no request to
    anything but this machine.
    """
    contexts, faults = [], []

    def watch(page) -> None:
        page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
        page.on("console", lambda line: faults.append(f"console: {line.text}") if _is_fault(line) else None)
        page.on("request", lambda request: faults.append(f"left: {request.url}") if _leaves(request.url) else None)

    def open_one(url: str, **context_options):
        options = {"viewport": {"width": 1280, "height": 720}, "reduced_motion": "reduce", **context_options}
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(WAIT_MS)
        context.on("page", watch)
        page = context.new_page()
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not faults, "\n".join(faults)


def _is_fault(line) -> bool:
    """Errors on the console, but for Gradio's own word when a reload ends the stream its page was reading."""
    return line.type == "error" and not line.text.startswith("AbortError: signal is aborted without reason")


def _leaves(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme not in ("data", "blob", "about") and parts.hostname not in ("127.0.0.1", "localhost")


@pytest.fixture(scope="session")
def serve(tmp_path_factory) -> Iterator[Callable[..., str]]:
    """A function `serve(module, *arguments, **environment) -> url`.

    It runs `python -m module` with PORT set to a free port, waits until it answers, and ends it with the session.
    """
    servers: list[subprocess.Popen] = []

    def start(module: str, *arguments: str, **environment: str) -> str:
        folder = tmp_path_factory.mktemp("server")
        port = _free_port()
        env = {
            **os.environ,
            "PORT": str(port),
            "GRADIO_ANALYTICS_ENABLED": "False",
            "HF_HUB_OFFLINE": "1",
            "GRADIO_TEMP_DIR": str(folder / "gradio"),
            **environment,
        }
        log = folder / "server.log"
        with log.open("w") as output:
            command = [sys.executable, "-m", module, *arguments]
            server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT)
        servers.append(server)
        url = f"http://127.0.0.1:{port}/"
        _wait_until_up(url, server, log)
        return url

    yield start
    for server in servers:
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_up(url: str, server: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).read()
            return
        except (urllib.error.URLError, OSError):
            tail = log.read_text(errors="replace")[-3000:]
            assert server.poll() is None, f"the server stopped:\n{tail}"
            assert time.monotonic() < end, f"the server did not answer within {START_SECONDS} s:\n{tail}"
            time.sleep(0.1)
