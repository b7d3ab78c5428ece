"""No page but our own reaches a route: DNS rebinding, cross-site requests and forged forms, over raw connections."""

from __future__ import annotations

import json

import pytest

from tests.security.conftest import Answer, Running, read_answer
from tests.security.routes import all_routes


def foreign_hosts(port: int) -> dict[str, list[str]]:
    good = f"Host: 127.0.0.1:{port}"
    return {
        "another name": ["Host: evil.com"],
        "another name, our port": [f"Host: evil.com:{port}"],
        "our address as a prefix": [f"Host: 127.0.0.1.evil.com:{port}"],
        "our name as a suffix": [f"Host: evil.localhost:{port}"],
        "another port": [f"Host: localhost:{port + 1}"],
        "no port": ["Host: 127.0.0.1"],
        "port with a zero in front": [f"Host: 127.0.0.1:0{port}"],
        "another loopback address": [f"Host: 127.0.0.2:{port}"],
        "the address as one number": [f"Host: 2130706433:{port}"],
        "every address": [f"Host: 0.0.0.0:{port}"],
        "trailing dot": [f"Host: localhost.:{port}"],
        "a user in front": [f"Host: evil.com@127.0.0.1:{port}"],
        "empty": ["Host: "],
        "none": [],
        "two, the good one first": [good, "Host: evil.com"],
        "two, the good one last": ["Host: evil.com", good],
        "the same twice": [good, good],
        "forwarded names a good one": ["Host: evil.com", f"X-Forwarded-Host: 127.0.0.1:{port}"],
        "forwarded names a bad one": [good, "X-Forwarded-Host: evil.com"],
        "forwarded names both": [good, f"X-Forwarded-Host: 127.0.0.1:{port}, evil.com"],
        "Gradio's own forwarding": [good, "X-Gradio-Server: http://evil.com"],
    }


def foreign_origins(port: int) -> dict[str, list[str]]:
    return {
        "another page": ["Origin: http://evil.com"],
        "a sandboxed page or a file": ["Origin: null"],
        "another port": [f"Origin: http://localhost:{port + 1}"],
        "no port": ["Origin: http://127.0.0.1"],
        "another scheme": [f"Origin: https://127.0.0.1:{port}"],
        "another of our names": [f"Origin: http://localhost:{port}"],
        "our address as a prefix": [f"Origin: http://127.0.0.1:{port}.evil.com"],
        "a path behind it": [f"Origin: http://127.0.0.1:{port}/"],
        "empty": ["Origin: "],
        "two": [f"Origin: http://127.0.0.1:{port}", "Origin: http://evil.com"],
        "cross-site": ["Sec-Fetch-Site: cross-site"],
        "cross-site script": ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: script"],
        "cross-site frame": ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"],
        "another port of this machine": ["Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"],
        "an unknown word": ["Sec-Fetch-Site: sideways"],
    }


def ask(running: Running, method: str, path: str, *headers: str) -> Answer:
    body = b"{}" if method == "POST" else b""
    lines = [f"{method} {path} HTTP/1.1", *headers]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return running.send_raw(*lines, body=body)


@pytest.mark.parametrize("case", foreign_hosts(0))
def test_a_foreign_host_reaches_no_route(running, case):
    headers = foreign_hosts(running.port)[case]
    for method, path in all_routes(running.app):
        answer = ask(running, method, path, *headers)
        # the server itself refuses a request with no Host, or with two, as malformed
        malformed = case in ("none", "empty") or case.startswith(("two", "the same"))
        assert answer.status == 403 or (malformed and answer.status == 400), (method, path)
        assert "access-control-allow-origin" not in answer.headers
        assert b"gradio_config" not in answer.body


@pytest.mark.parametrize("case", foreign_origins(0))
def test_a_foreign_page_reaches_no_route(running, case):
    headers = foreign_origins(running.port)[case]
    for method, path in all_routes(running.app):
        answer = ask(running, method, path, f"Host: {running.host}", *headers)
        assert answer.status == 403, (method, path)
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("target", ["http://evil.com/", "http://127.0.0.1/", "//evil.com/", "evil.com:443", "*"])
def test_an_absolute_target_does_not_stand_in_for_the_host(running, target):
    for host, expected in (("evil.com", {403}), (running.host, {400, 403, 404})):
        answer = running.send_raw(f"GET {target} HTTP/1.1", f"Host: {host}")
        assert answer.status in expected
        assert b"gradio_config" not in answer.body


@pytest.mark.parametrize("host", ["127.0.0.1:{}", "localhost:{}", "LocalHost:{}", "[::1]:{}"])
def test_our_own_names_open_the_page(running, host):
    host = host.format(running.port)
    answer = running.send_raw("GET / HTTP/1.1", f"Host: {host}")
    assert answer.status == 200 and b"gradio_config" in answer.body
    own = running.send_raw(
        "GET / HTTP/1.1", f"Host: {host}", f"Origin: http://{host.lower()}", "Sec-Fetch-Site: same-origin"
    )
    assert own.status == 200


def test_only_a_link_to_the_page_may_come_from_elsewhere(running):
    link = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"]
    host = f"Host: {running.host}"
    assert running.send_raw("GET / HTTP/1.1", host, *link).status == 200
    assert running.send_raw("GET /?__theme=dark HTTP/1.1", host, *link).status == 200
    assert running.send_raw("GET /config HTTP/1.1", host, *link).status == 403
    assert ask(running, "POST", "/", host, *link).status == 403


FORMS = {
    "multipart": "multipart/form-data; boundary=b",
    "text": "text/plain",
    "form": "application/x-www-form-urlencoded",
    "no type": None,
}


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("path", ["/gradio_api/upload", "/gradio_api/queue/join", "/gradio_api/run/html", "own"])
@pytest.mark.parametrize("from_elsewhere", [True, False])
def test_a_form_of_another_page_changes_nothing(running, kind, path, from_elsewhere):
    """What a page may send without asking first; also when an old browser sends neither Origin nor Sec-Fetch-Site."""
    before = sorted(running.temp.rglob("*"))
    body = b'--b\r\nContent-Disposition: form-data; name="files"; filename="x.txt"\r\n\r\nhello\r\n--b--\r\n'
    if kind != "multipart":
        body = json.dumps({"data": ["x"], "fn_index": 0, "session_hash": "s"}).encode()
    headers = [f"Content-Type: {FORMS[kind]}"] if FORMS[kind] else []
    headers += ["Origin: http://evil.com", "Sec-Fetch-Site: cross-site"] if from_elsewhere else []
    answer = running.send_raw(
        f"POST {running.target.json_route if path == 'own' else path} HTTP/1.1",
        f"Host: {running.host}",
        f"Content-Length: {len(body)}",
        *headers,
        body=body,
    )
    assert answer.status == 403 if from_elsewhere else answer.status in (404, 415, 422)
    assert sorted(running.temp.rglob("*")) == before, "nothing was stored"


def test_a_preflight_of_another_page_gets_no_permission(running):
    for path in ("/gradio_api/queue/join", running.target.json_route):
        answer = running.send_raw(
            f"OPTIONS {path} HTTP/1.1", f"Host: {running.host}", "Origin: http://evil.com",
            "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type",
        )  # fmt: skip
        assert answer.status == 403
        assert not any(name.startswith("access-control") for name in answer.headers)


def test_a_websocket_from_elsewhere_is_refused(running):
    upgrade = [
        "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]  # fmt: skip
    answer = running.send_raw("GET / HTTP/1.1", "Host: evil.com", *upgrade)
    assert answer.status == 403
    answer = running.send_raw("GET / HTTP/1.1", f"Host: {running.host}", "Origin: http://evil.com", *upgrade)
    assert answer.status == 403


def test_refusals_speak_the_language_of_the_route(running):
    api = running.send_raw("GET /api/v1/anything HTTP/1.1", "Host: evil.com")
    assert api.headers["content-type"] == "application/json"
    assert "--allow-host" in json.loads(api.body)["error"]
    page = running.send_raw("GET / HTTP/1.1", "Host: evil.com")
    assert page.headers["content-type"].startswith("text/plain")
    assert b"--allow-host" in page.body


@pytest.mark.parametrize("path", ["/", "/config", "/theme.css", "/nowhere", "/api/v1/nowhere", "/gradio_api/upload"])
@pytest.mark.parametrize("host", ["own", "evil.com"])
def test_every_answer_carries_the_security_headers(running, path, host):
    answer = running.send_raw(f"GET {path} HTTP/1.1", f"Host: {running.host if host == 'own' else host}")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "http" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in answer.headers["permissions-policy"]


def test_a_second_request_on_an_open_connection_is_judged_anew(running):
    with running.connect() as connection:
        connection.sendall(f"GET /theme.css HTTP/1.1\r\nHost: {running.host}\r\n\r\n".encode())
        assert read_answer(connection).status == 200
        connection.sendall(b"GET /theme.css HTTP/1.1\r\nHost: evil.com\r\n\r\n")
        assert read_answer(connection).status == 403
