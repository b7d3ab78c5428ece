"""Start ControlNet Studio: flags, environment, then the server. `python app.py --help` lists the flags."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from core.errors import UserError
from core.files import REPOSITORY, DataFolder
from core.logs import start_log


def parse_flags(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the flags; an unknown or impossible one ends the program with a sentence."""
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C; return the exit code."""
    flags = parse_flags(arguments)
    data = DataFolder(flags.data_dir)
    problem = data.prepare()
    start_log(data.logs)
    if problem:
        print(problem, file=sys.stderr)
    from server.environment import prepare_environment

    prepare_environment(data.temp)  # before anything imports Gradio or torch
    from server.serve import serve

    try:
        return serve(flags, data)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
