"""Start ControlNet Studio: flags, environment, engine, server. `python app.py --help` lists the flags."""

from __future__ import annotations

import argparse
import logging
import sys
import webbrowser
from pathlib import Path

from core.errors import UserError
from core.files import REPOSITORY, DataFolder


def parse_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Pictures that follow your drawing or photo, on your own device.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=7870, help="port to listen on; the next free one if it is taken")
    parser.add_argument("--data-dir", type=Path, default=REPOSITORY / "data", help="where pictures and logs are kept")
    parser.add_argument("--device", choices=("auto", "cuda", "mps", "cpu"), default="auto", help="what computes")
    parser.add_argument("--no-browser", action="store_true", help="do not open the page")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", help="another name this machine is reached by"
    )
    flags = parser.parse_args(arguments)
    if not 0 <= flags.port <= 65_535:
        parser.error("--port is a number from 0 to 65535")
    return flags


def main(arguments: list[str] | None = None) -> int:
    """Run until Ctrl-C; return the exit code."""
    flags = parse_flags(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    data = DataFolder(flags.data_dir)
    problem = data.prepare()
    from server.environment import prepare_environment

    prepare_environment(data.temp)
    if problem:
        print(problem, file=sys.stderr)
    try:
        return serve(flags, data)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1


def serve(flags: argparse.Namespace, data: DataFolder) -> int:
    """Listen, say where, and answer until the person stops the program."""
    import uvicorn

    from pipeline.engine import Engine
    from server.app import create_app
    from server.guard import allowed_hosts
    from server.listen import AlreadyRunning, listen, page_url

    try:
        bound = listen(flags.host, flags.port)
    except AlreadyRunning as running:
        print(f"ControlNet Studio is running already: {running.url}", flush=True)
        if not flags.no_browser:
            webbrowser.open(running.url)
        return 0
    port = bound.getsockname()[1]
    hosts = allowed_hosts(flags.host, port, flags.allow_host)
    app = create_app(Engine(data, flags.device), hosts)
    url = page_url(flags.host, port)
    print(f"ControlNet Studio: {url}   (Ctrl-C ends it)", flush=True)
    if not flags.no_browser:
        webbrowser.open(url)  # the socket listens already: the browser waits the moment that is left
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3))
    server.run(sockets=[bound])
    return 0


if __name__ == "__main__":
    sys.exit(main())
