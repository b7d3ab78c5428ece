"""What is open of Gradio is a list; everything else it mounts is closed."""

from __future__ import annotations

import pytest

from server.page_routes import OPEN_ROUTES
from tests.security.routes import all_routes
from tests.security.test_other_pages import ask

# Written out a second time on purpose: opening a route takes a thought and a line here.
OPEN = {
    ("GET", "/"), ("HEAD", "/"), ("GET", "/config"), ("GET", "/theme.css"), ("GET", "/favicon.ico"),
    ("GET", "/manifest.json"), ("GET", "/robots.txt"), ("GET", "/assets/js/x.js"), ("GET", "/static/js/x.js"),
    ("GET", "/gradio_api/app_id"), ("GET", "/gradio_api/startup-events"), ("GET", "/gradio_api/heartbeat/abc"),
    ("GET", "/gradio_api/queue/data"), ("POST", "/gradio_api/queue/join"), ("POST", "/gradio_api/cancel"),
    ("POST", "/gradio_api/reset"), ("POST", "/gradio_api/run/predict"),
}  # fmt: skip


def test_every_route_of_gradio_is_open_or_closed_as_listed(running):
    found = [route for route in all_routes(running.app) if not route[1].startswith("/api/")]
    assert len(found) > 50, "the whole table was seen"
    assert set(found) >= OPEN, "each open route exists"
    for method, path in found:
        query = "?session_hash=nobody" if path.endswith("queue/data") else ""
        answer = ask(running, method, path + query, f"Host: {running.host}")
        closed = answer.status == 404 and answer.body in (b"Not found.\n", b"")
        assert closed == ((method, path) not in OPEN), (method, path, answer.status)


@pytest.mark.parametrize(
    "path",
    [
        "/docs", "/redoc", "/openapi.json", "/gradio_api/openapi.json", "/monitoring", "/monitoring/summary",
        "/gradio_api/runs", "/gradio_api/mcp/", "/gradio_api/mcp/sse", "/gradio_api/vibe-code", "/gradio_api/deep_link",
        "/gradio_api/proxy=https://x.hf.space/", "/gradio_api/file=https://example.com/", "/gradio_api/info", "/login",
        "/gradio_api/profiling/summary", "/gradio_api/upload", "//gradio_api/upload", "/assets/../gradio_api/info",
        "/assets/%2e%2e/config", "/assets//", "/assets/a%5cb", "/static/a%00b", "/Config", "/gradio_api/heartbeat/a/b",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "TRACE"])
def test_what_our_page_never_asks_is_closed(running, path, method):
    answer = ask(running, method, path, f"Host: {running.host}")
    assert answer.status in (403, 404, 405)


def test_the_list_has_no_duplicates():
    assert len(set(OPEN_ROUTES)) == len(OPEN_ROUTES) == len(OPEN)
