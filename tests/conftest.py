"""Settings and parts that many tests share. Real parts, small: the built-in model itself, one thread."""

from __future__ import annotations

import itertools
import os

# Before torch is imported, and for the servers that tests start: several processes with two threads each on two cores
# spend their time waiting for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.files import DataFolder
from core.picture import Picture
from tests.browsing import browser, launch_chromium, open_page, serve

__all__ = ["browser", "launch_chromium", "open_page", "serve"]  # fixtures: pytest finds them by their names here


def draw_house(side: int = 256) -> Picture:
    """Black lines on white: a house on the ground, drawn without any randomness."""
    pixels = np.full((side, side, 3), 255, np.uint8)
    line = max(2, side // 100)

    def stroke(x0: float, y0: float, x1: float, y1: float) -> None:
        for t in np.linspace(0, 1, 2 * side):
            x, y = int((x0 + (x1 - x0) * t) * side), int((y0 + (y1 - y0) * t) * side)
            pixels[y : y + line, x : x + line] = 0

    corners = [(0.3, 0.8), (0.3, 0.5), (0.5, 0.3), (0.7, 0.5), (0.7, 0.8), (0.3, 0.8)]
    for start, end in itertools.pairwise(corners):
        stroke(*start, *end)
    stroke(0.3, 0.5, 0.7, 0.5)
    stroke(0.02, 0.8, 0.96, 0.8)
    return Picture(pixels)


@pytest.fixture(scope="session")
def house() -> Picture:
    return draw_house()


@pytest.fixture
def data_folder(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    assert folder.prepare() is None
    return folder


@pytest.fixture(scope="session")
def ready_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """One engine with the built-in model for the whole session."""
    from pipeline.engine import Engine

    data = DataFolder(tmp_path_factory.mktemp("engine"))
    assert data.prepare() is None
    engine = Engine(data, "cpu")
    engine.start()
    yield engine
    engine.stop()


@pytest.fixture(scope="session")
def served(ready_engine) -> Iterator:
    """The whole application, page and all, on a real socket, over the session's engine."""
    from server.environment import prepare_environment
    from tests.serving import serving

    prepare_environment(ready_engine.outputs.folder.parent / "temp")
    with serving(ready_engine) as server:
        yield server
