"""The real application on a real socket, in a thread of the test process."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import uvicorn

from pipeline.engine import Engine
from server.guard import allowed_hosts
from server.listen import listen


@dataclass(frozen=True)
class Served:
    url: str  # "http://127.0.0.1:port", no slash at the end
    port: int
    engine: Engine


@contextlib.contextmanager
def serving(engine: Engine) -> Iterator[Served]:
    """Serve the whole application over an engine that runs already."""
    from server.app import create_app

    bound = listen("127.0.0.1", 0)
    port = bound.getsockname()[1]
    app = create_app(engine, allowed_hosts("127.0.0.1", port), own_engine=False)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        assert thread.is_alive() and time.monotonic() < deadline, "the server did not start"
        time.sleep(0.02)
    try:
        yield Served(f"http://127.0.0.1:{port}", port, engine)
    finally:
        server.should_exit = True
        thread.join(15)
