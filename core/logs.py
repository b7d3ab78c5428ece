"""Where defects are written down: a file that stays small, and the terminal for what is serious."""

from __future__ import annotations

import contextlib
import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
MAX_BYTES = 1_000_000


def start_log(folder: Path) -> None:
    """Log to `folder/studio.log` (1 MB and one older file) and to the terminal; without the file if it cannot be."""
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    handlers[0].setLevel(logging.WARNING)
    with contextlib.suppress(OSError):  # a read-only folder is reported elsewhere, and is no reason not to start
        handlers.append(RotatingFileHandler(folder / "studio.log", maxBytes=MAX_BYTES, backupCount=1, encoding="utf-8"))
    logging.basicConfig(level=logging.WARNING, format=FORMAT, handlers=handlers)
    for name in ("core", "pipeline", "server", "ui"):
        logging.getLogger(name).setLevel(logging.INFO)
