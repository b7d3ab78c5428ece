"""The guard and the list of routes as ASGI applications: the cases no real client can bring about at will."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from server.guard import Guard, allowed_hosts
from server.page_routes import PageRoutes, seal_page

HOSTS = frozenset({"127.0.0.1:7870"})


async def echo(scope, receive, send):
    """Reads the whole body, then says how long it was; like FastAPI it answers 400 when the client hangs up."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            await send({"type": "http.response.start", "status": 400, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        length, more = length + len(message["body"]), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(length).encode()})


def call(app, *, kind="http", chunks=(b"",), headers=(("host", "127.0.0.1:7870"),), **scope) -> list[dict]:
    """Run one request through `app` and return every message it sent."""
    sent: list[dict] = []
    parts = [{"type": "http.request", "body": body, "more_body": True} for body in chunks]
    parts[-1]["more_body"] = False
    encoded = [(name.encode(), value.encode()) for name, value in headers]
    full = {
        "type": kind, "method": "POST", "path": "/", "scheme": "http", "server": ("127.0.0.1", 7870),
        "headers": encoded, "query_string": b"", **scope,
    }  # fmt: skip

    async def receive():
        return parts.pop(0) if parts else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    # In a thread of its own: where Playwright has run before, this one has a running event loop.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, app(full, receive, send)).result()
    return sent


def status(messages: list[dict]) -> int:
    assert [message["type"] for message in messages].count("http.response.start") == 1, "one answer, not two"
    return messages[0]["status"]


def test_bytes_are_counted_over_all_chunks():
    guard = Guard(echo, HOSTS, max_body=100)
    assert status(call(guard, chunks=[b"x" * 50] * 2)) == 200
    refused = call(guard, chunks=[b"x" * 50, b"x" * 50, b"x"])
    assert status(refused) == 413
    assert b"larger than" in refused[-1]["body"]


def test_a_body_too_long_while_the_answer_runs_ends_the_reading():
    async def answer_first(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        kinds = [(await receive())["type"] for _ in range(3)]
        await send({"type": "http.response.body", "body": " ".join(kinds).encode()})

    messages = call(Guard(answer_first, HOSTS, max_body=10), chunks=[b"x" * 6] * 3)
    assert status(messages) == 200
    assert messages[-1]["body"] == b"http.request http.disconnect http.disconnect"


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ([("host", "127.0.0.1:7870")], True),
        ([("host", "127.0.0.1:7870"), ("origin", "http://127.0.0.1:7870")], True),
        ([("host", "127.0.0.1:7870"), ("origin", "http://evil.com")], False),
        ([("host", "evil.com")], False),
        ([("host", "127.0.0.1:7870"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "websocket")], False),
        ([], False),
    ],
)
def test_websockets_are_judged_like_requests(headers, passes):
    messages = call(Guard(echo, HOSTS), kind="websocket", scheme="ws", headers=headers)
    assert messages[0]["type"] == ("websocket.accept" if passes else "websocket.close")


def test_the_servers_own_start_and_stop_pass():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    for layer in (Guard(app, HOSTS), PageRoutes(app)):
        call(layer, kind="lifespan")
    assert seen == ["lifespan", "lifespan"]


@pytest.mark.parametrize("path", ["http://evil.com/", "evil.com:443", "*", ""])
def test_a_target_that_is_no_path_is_refused(path):
    assert status(call(Guard(echo, HOSTS), path=path)) == 403


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=http://x",
        "/file=HTTPS:x",
        "/x/file=ftp://h",
        "/file=//host/x",
        "/file=\\\\host\\x",
        "/file=data:,x",
    ],
)
def test_file_addresses_elsewhere_are_refused(path):
    assert status(call(Guard(echo, HOSTS), path=path)) == 403


@pytest.mark.parametrize("path", ["/gradio_api/file=/var/x.png", "/gradio_api/file=C:/x.png", "/file=x"])
def test_file_addresses_here_are_left_to_the_routes(path):
    assert status(call(Guard(echo, HOSTS), path=path)) == 200


def behind_proxy(origin: str, **scope) -> int:
    hosts = allowed_hosts("127.0.0.1", 7870, ["draw.example.org"])
    headers = [("host", "draw.example.org"), ("origin", origin)]
    return status(call(Guard(echo, hosts), headers=headers, **scope))


def test_an_added_name_works_behind_a_proxy_that_speaks_https():
    assert behind_proxy("https://draw.example.org") == 200
    assert behind_proxy("http://draw.example.org") == 200
    assert behind_proxy("https://draw.example.org:444") == 403
    assert behind_proxy("https://evil.example.org") == 403


def test_a_server_that_speaks_https_itself_takes_https_pages_only():
    hosts = [("host", "127.0.0.1:7870")]
    for origin, expected in (("https://127.0.0.1:7870", 200), ("http://127.0.0.1:7870", 403)):
        assert status(call(Guard(echo, HOSTS), scheme="https", headers=[*hosts, ("origin", origin)])) == expected


def test_allowed_hosts_are_loopback_and_what_was_added():
    loopback = {"127.0.0.1:7870", "localhost:7870", "[::1]:7870"}
    assert allowed_hosts("127.0.0.1", 7870) == loopback
    assert allowed_hosts("0.0.0.0", 7870) == loopback
    assert allowed_hosts("::", 7870) == loopback
    assert allowed_hosts("::1", 7870) == loopback
    assert allowed_hosts("192.168.1.5", 7870) == loopback | {"192.168.1.5:7870"}
    assert allowed_hosts("fe80::1", 7870) == loopback | {"[fe80::1]:7870"}
    assert allowed_hosts("127.0.0.1", 80) >= {"127.0.0.1", "localhost", "[::1]", "localhost:80"}
    assert allowed_hosts("127.0.0.1", 7870, ["Atelier"]) == loopback | {"atelier", "atelier:7870"}
    assert allowed_hosts("127.0.0.1", 7870, ["x.org:8443"]) == loopback | {"x.org:8443"}
    assert allowed_hosts("127.0.0.1", 7870, ["fe80::1"]) == loopback | {"[fe80::1]", "[fe80::1]:7870"}


def test_security_headers_replace_the_applications_own():
    async def lax(scope, receive, send):
        headers = [(b"x-frame-options", b"ALLOWALL"), (b"content-security-policy", b"default-src *")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    headers = call(Guard(lax, HOSTS))[0]["headers"]
    assert [value for name, value in headers if name == b"x-frame-options"] == [b"DENY"]
    assert len([1 for name, _ in headers if name == b"content-security-policy"]) == 1


def served(folder: Path | None, name: object, method: str = "GET") -> bool:
    return status(call(PageRoutes(echo, folder), path=f"/gradio_api/file={name}", method=method)) == 200


def test_only_real_files_of_the_one_folder_are_served(tmp_path):
    folder, outside = tmp_path / "served", tmp_path / "canary.png"
    (folder / "deep").mkdir(parents=True)
    outside.write_bytes(b"x")
    inside = folder / "deep" / "a.png"
    inside.write_bytes(b"x")
    (folder / "link.png").symlink_to(outside)
    (folder / "loop").symlink_to(folder / "loop")
    assert served(folder, inside) and served(folder, inside, "HEAD")
    assert served(folder, folder / "deep" / ".." / "deep" / "a.png")
    assert not served(folder, inside, "POST")
    assert not served(None, inside)
    for name in (outside, folder, folder / "link.png", folder / "loop", folder / "none", "a\0b", "", "https://x/y.png"):
        assert not served(folder, name), name
    assert not served(folder, folder / ".." / "canary.png")


def test_a_page_can_only_be_sealed_where_there_is_one():
    from fastapi import FastAPI

    with pytest.raises(ValueError, match="no Gradio application"):
        seal_page(FastAPI())
