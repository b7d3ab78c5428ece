"""What holds the project together: packages, the commands of README and CI, the licence."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

import launch

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENT_FILES = ("requirements.txt", "requirements-dev.txt")
TESTED_HERE = sys.platform == "linux" and sys.version_info[:2] == (3, 11)
PROJECT = "[tool.pytest.ini_options]\nmarkers = ['browser: drives the page']\n"


def read(name: str) -> str:
    """The text of a file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def requirements(name: str) -> dict[NormalizedName, tuple[Requirement, str]]:
    """Package -> what is asked of it, and the reason given beside it."""
    found = {}
    for line in read(name).splitlines():
        wanted, _, reason = line.partition("#")
        if wanted.strip():
            requirement = Requirement(wanted.strip())
            found[canonicalize_name(requirement.name)] = (requirement, reason.strip())
    return found


def constraints() -> dict[NormalizedName, str]:
    """Package -> the exact version in constraints.txt."""
    pins = [Requirement(line) for line in read("constraints.txt").splitlines() if line and not line.startswith("#")]
    versions = {}
    for pin in pins:
        (specifier,) = pin.specifier
        assert specifier.operator == "==", f"{pin} is not exact"
        assert "+" not in specifier.version, f"{pin} is a build of one machine"
        versions[canonicalize_name(pin.name)] = specifier.version
    assert len(versions) == len(pins)
    return versions


@pytest.mark.parametrize("file", REQUIREMENT_FILES)
def test_every_need_has_a_range_a_reason_and_a_tested_version_in_it(file):
    tested = constraints()
    for name, (requirement, reason) in requirements(file).items():
        operators = {specifier.operator for specifier in requirement.specifier}
        assert operators == {">=", "<"}, f"{requirement} has no lower or no upper bound"
        assert reason, f"{requirement} gives no reason"
        assert requirement.specifier.contains(tested[name]), f"{requirement} does not allow {tested[name]}"


@pytest.mark.skipif(not TESTED_HERE, reason="constraints.txt is the set for Linux and Python 3.11")
def test_what_is_tested_is_what_the_constraints_say():
    tested = constraints()
    installed = {canonicalize_name(found.metadata["Name"]): found.version for found in distributions()}
    wanted = {name for file in REQUIREMENT_FILES for name in requirements(file)}
    assert wanted <= installed.keys()
    differing = {name: (installed[name], tested[name]) for name in tested.keys() & installed.keys()}
    assert {name: pair for name, pair in differing.items() if pair[0].partition("+")[0] != pair[1]} == {}


def test_only_one_opencv_is_there():
    """Two of its packages overwrite each other's files."""
    names = set(constraints()).union(*(requirements(file) for file in REQUIREMENT_FILES))
    assert {name for name in names if name.startswith("opencv")} == {"opencv-python-headless"}


def test_project_launcher_and_tools_speak_of_the_same_pythons():
    project = tomllib.loads(read("pyproject.toml"))
    supported = SpecifierSet(project["project"]["requires-python"])
    oldest = ".".join(map(str, launch.OLDEST))
    assert supported.contains(oldest)
    assert not supported.contains(f"{launch.OLDEST[0]}.{launch.OLDEST[1] - 1}")
    assert project["tool"]["pyright"]["pythonVersion"] == oldest
    assert project["tool"]["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"


def test_the_readme_gives_the_two_commands():
    commands = {line.strip() for line in read("README.md").splitlines()}
    assert {"python3 launch.py", "python3 launch.py --test"} <= commands, "each command stands on a line of its own"


def test_ci_calls_the_readmes_test_command_as_it_is():
    lines = read(".ci/run").splitlines()
    assert "python3 launch.py --test" in lines
    assert "set -euo pipefail" in lines
    assert any(line.startswith("export CONTROLNET_STUDIO_REQUIRE_BROWSER=1") for line in lines)


@pytest.mark.parametrize("script", [".ci/run", "scripts/check"])
@pytest.mark.skipif(os.name == "nt", reason="no executable bits, and bash is elsewhere")
def test_scripts_can_be_run(script):
    assert os.access(ROOT / script, os.X_OK)
    subprocess.run(["bash", "-n", ROOT / script], check=True)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("class TestPage:\n    @pytest.mark.parametrize('t', ['a::b', 'c'])\n    def test_it(self, t): pass", ""),
        ("def test_it(): pytest.skip('no browser')", "skipped or not run:\ntests.test_page::test_it"),
        ("def test_it(): pass", "No browser test could be collected"),
    ],
    ids=["all ran", "one was skipped", "there are none"],
)
def test_ci_sees_whether_browser_tests_ran(tmp_path, body, complaint):
    marked = "" if "could be" in complaint else "pytestmark = pytest.mark.browser\n"
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_page.py").write_text(f"import pytest\n{marked}{body}\n")
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    python = [sys.executable, "-P"]
    keep = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    keep["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    tests = subprocess.run(
        [*python, "-m", "pytest", "--junitxml=r.xml"], cwd=tmp_path, env=keep, capture_output=True, check=False
    )
    assert tests.returncode == 0, tests.stdout
    checker = [*python, ROOT / ".ci" / "browser_tests.py", "r.xml"]
    answer = subprocess.run(checker, cwd=tmp_path, env=keep, capture_output=True, text=True, check=False)
    if complaint:
        assert (answer.returncode, complaint in answer.stderr) == (1, True), answer
    else:
        assert (answer.returncode, answer.stdout) == (0, "2 browser tests ran, none was skipped.\n"), answer


def test_the_licence_is_apache_2():
    licence = read("LICENSE")
    assert re.search(r"Apache License\s+Version 2\.0, January 2004", licence)
    assert "END OF TERMS AND CONDITIONS" in licence
    assert re.search(r"Copyright \d{4} The ControlNet Studio authors", licence)
    assert tomllib.loads(read("pyproject.toml"))["project"]["license"] == "Apache-2.0"
