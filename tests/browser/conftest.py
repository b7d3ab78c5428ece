"""Every test in this folder drives a page in Chromium (fixtures: tests/browsing.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser.canvas_desk import Desk


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="session")
def canvas_url(browser, serve, pictures) -> str:
    """The test page's address; `browser` first, so that nothing is started where there is none."""
    return serve("tests.browser.canvas_app", PICTURES=str(pictures))


@pytest.fixture
def open_desk(open_page, canvas_url, pictures) -> Callable[..., Desk]:
    return lambda query="", **options: Desk(open_page(canvas_url + query, **options), pictures)


@pytest.fixture
def desk(open_desk) -> Iterator[Desk]:
    return open_desk()
