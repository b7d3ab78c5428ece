"""Listen, say where, open the page, and answer until the person stops the program."""

from __future__ import annotations

import contextlib
import webbrowser
from typing import TYPE_CHECKING

import uvicorn

from server.guard import allowed_hosts
from server.listen import AlreadyRunning, listen, page_url

if TYPE_CHECKING:
    from argparse import Namespace

    from core.files import DataFolder


def serve(flags: Namespace, data: DataFolder) -> int:
    """Run the program as `flags` say (see app.py); return the exit code.

    Raises:
        BadRequest: the address cannot be used, or every port that was tried is taken.
    """
    try:
        bound = listen(flags.host, flags.port)
    except AlreadyRunning as running:
        print(f"ControlNet Studio is running already: {running.url}", flush=True)  # noqa: T201 - for the terminal
        if not flags.no_browser:
            webbrowser.open(running.url)
        return 0
    from pipeline.engine import Engine
    from server.app import create_app

    port = bound.getsockname()[1]
    app = create_app(Engine(data, flags.device), allowed_hosts(flags.host, port, flags.allow_host))
    url = page_url(flags.host, port)
    print(f"ControlNet Studio: {url}   (Ctrl-C ends it)", flush=True)  # noqa: T201 - for the terminal
    if not flags.no_browser:
        webbrowser.open(url)  # the socket listens already: the browser waits the moment that is left
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3))
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn has ended everything in order and passes it on
        server.run(sockets=[bound])
    return 0
