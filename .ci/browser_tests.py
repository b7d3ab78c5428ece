"""Fail unless every browser test there is stands in a JUnit report as run: `browser_tests.py REPORT`."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest


class Collected:
    """Keeps the ids of the tests pytest has collected, as a JUnit report writes them: (classname, name)."""

    def __init__(self) -> None:
        self.tests: set[tuple[str, str]] = set()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take the ids over when everything is collected and deselected."""
        for item in session.items:
            path, *classes, name = item.nodeid.replace("::", "\0", item.nodeid.split("[")[0].count("::")).split("\0")
            self.tests.add((".".join([path.removesuffix(".py").replace("/", "."), *classes]), name))


def main(report: Path) -> str | None:
    """Return what is wrong with `report`, or None."""
    collected, output = Collected(), io.StringIO()
    with contextlib.redirect_stdout(output):
        code = pytest.main(["--collect-only", "-q", "-m", "browser"], plugins=[collected])
    if code or not collected.tests:
        return f"No browser test could be collected:\n{output.getvalue()}"
    cases = ElementTree.parse(report).getroot().iter("testcase")
    ran = {(case.get("classname"), case.get("name")) for case in cases if case.find("skipped") is None}
    missing = sorted(collected.tests - ran)
    if missing:
        return "Browser tests that were skipped or not run:\n" + "\n".join("::".join(test) for test in missing)
    print(f"{len(collected.tests)} browser tests ran, none was skipped.")
    return None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
