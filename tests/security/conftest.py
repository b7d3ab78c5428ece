"""A real server on loopback per target, and the tools to speak to it below the level of a well-behaved client."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from starlette.types import ASGIApp

from server.environment import SETTINGS
from server.guard import allowed_hosts

os.environ.update(SETTINGS)  # before Gradio is imported by the targets

from tests.security.canary import Canary
from tests.security.targets import TARGETS, Target


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Running:
    """A target that listens; `temp` is where it may write, `canary` a file it must never read."""

    target: Target
    app: ASGIApp
    port: int
    temp: Path
    canary: Canary

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def send_raw(self, *lines: str | bytes, body: bytes = b"") -> Answer:
        """Send exactly these header lines and read one answer; the stream of an endless answer is cut."""
        head = b"".join((line if isinstance(line, bytes) else line.encode("latin-1")) + b"\r\n" for line in lines)
        with self.connect() as connection:
            connection.sendall(head + b"\r\n" + body)
            return read_answer(connection, has_body=not head.startswith(b"HEAD "))


def read_answer(connection: socket.socket, *, has_body: bool = True) -> Answer:
    data = b""
    while b"\r\n\r\n" not in data:
        received = connection.recv(65_536)
        if not received:
            break
        data += received
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    while has_body and len(body) < int(headers.get("content-length", 0)):
        received = connection.recv(65_536)
        if not received:
            break
        body += received
    return Answer(status=int(lines[0].split()[1]) if lines[0] else 0, headers=headers, body=body)


@pytest.fixture(scope="session", params=TARGETS, ids=lambda target: target.name)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    temp = tmp_path_factory.mktemp("temp")
    canary = Canary(tmp_path_factory.mktemp("private"))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(512)
    port = listener.getsockname()[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(temp))
        app = request.param.build(allowed_hosts("127.0.0.1", port), temp)
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=2))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        target = Running(target=request.param, app=app, port=port, temp=temp, canary=canary)
        _wait_until_it_answers(target, thread)
        yield target
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def _wait_until_it_answers(target: Running, thread: threading.Thread) -> None:
    """The socket listens already, so the first request simply waits until the server takes it."""
    answer = target.send_raw("GET /config HTTP/1.1", f"Host: {target.host}")
    assert thread.is_alive()
    assert answer.status == 200
