"""Bodies that are too large or malformed cost nothing, and others are served meanwhile."""

from __future__ import annotations

import json
import time

import psutil
import pytest

from server.guard import MAX_BODY
from tests.security.conftest import Running, read_answer


def is_alive(running: Running, seconds: float = 2) -> bool:
    start = time.perf_counter()
    answer = running.send_raw("GET /config HTTP/1.1", f"Host: {running.host}")
    return answer.status == 200 and time.perf_counter() - start < seconds


def head(running: Running, path: str, *lines: str) -> bytes:
    fixed = [f"POST {path} HTTP/1.1", f"Host: {running.host}", "Content-Type: application/json", *lines]
    return ("\r\n".join(fixed) + "\r\n\r\n").encode()


PATHS = ["own", "/gradio_api/queue/join", "/nowhere"]


@pytest.fixture(params=PATHS)
def path(running, request) -> str:
    return running.target.json_route if request.param == "own" else request.param


@pytest.mark.parametrize("length", [MAX_BODY + 1, 60_000_000, 10**17, 10**19, 10**30])
def test_a_body_announced_too_large_is_refused_before_it_is_sent(running, path, length):
    with running.connect() as connection:
        connection.sendall(head(running, path, f"Content-Length: {length}"))
        answer = read_answer(connection)
    assert answer.status in ((413,) if length < 10**19 else (413, 400))
    if path.startswith("/api/") and answer.status == 413:
        assert json.loads(answer.body) == {"error": "The request is larger than 30 MB."}


@pytest.mark.parametrize("length", ["abc", "-1", "1e3", "+5", "0x10", "5, 6", "", "٣"])
def test_a_length_that_is_no_number_is_malformed(running, path, length):
    with running.connect() as connection:
        connection.sendall(head(running, path).replace(b"\r\n\r\n", f"\r\nContent-Length: {length}\r\n\r\n".encode()))
        assert read_answer(connection).status == 400


def test_two_different_lengths_are_malformed(running, path):
    with running.connect() as connection:
        connection.sendall(head(running, path, "Content-Length: 2", "Content-Length: 5") + b"{}")
        assert read_answer(connection).status == 400


def test_a_body_in_chunks_is_counted_as_it_comes(running):
    """60 MB without an announced length: refused at 30 MB, little of it held in memory."""
    process = psutil.Process()
    before, sent, block = process.memory_info().rss, 0, b" " * 1_000_000
    with running.connect() as connection:
        connection.sendall(head(running, running.target.json_route, "Transfer-Encoding: chunked"))
        try:
            for _ in range(60):
                connection.sendall(f"{len(block):x}\r\n".encode() + block + b"\r\n")
                sent += len(block)
        except OSError:
            pass  # the server hung up, as it should
        try:
            assert read_answer(connection).status == 413
        except OSError:
            assert sent < 60_000_000
    assert process.memory_info().rss - before < 200_000_000
    assert is_alive(running)


def test_a_chunked_body_within_the_limit_arrives(running):
    body = json.dumps({"words": "x" * 5_000_000}).encode()
    with running.connect() as connection:
        connection.sendall(head(running, running.target.json_route, "Transfer-Encoding: chunked"))
        connection.sendall(f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n")
        answer = read_answer(connection)
    if running.target.name == "probe":
        assert answer.status == 200 and answer.body == json.dumps(json.loads(body), separators=(",", ":")).encode()
    else:
        assert answer.status == 422


def test_two_hundred_slow_connections_do_not_stop_the_others(running):
    slow = [running.connect() for _ in range(200)]
    try:
        for connection in slow:
            connection.sendall(head(running, running.target.json_route, "Content-Length: 1000") + b"{")
        assert is_alive(running)
    finally:
        for connection in slow:
            connection.close()
    assert is_alive(running)


def test_a_thousand_parts_and_ten_thousand_ranges_are_nothing_special(running):
    parts = (
        b"".join(b'--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n1\r\n' for _ in range(1000)) + b"--b--\r\n"
    )
    answer = running.send_raw(
        "POST /gradio_api/upload HTTP/1.1", f"Host: {running.host}", "Content-Type: multipart/form-data; boundary=b",
        f"Content-Length: {len(parts)}", body=parts,
    )  # fmt: skip
    assert answer.status == 404
    ranges = ",".join(f"{n}-{n}" for n in range(10_000))
    answer = running.send_raw("GET /theme.css HTTP/1.1", f"Host: {running.host}", f"Range: bytes={ranges}")
    assert answer.status in (200, 400, 416, 431)
    assert is_alive(running)
