"""launch.py for real: real environments, real pip, tiny packages, no network; each in a folder with an awkward name."""

from __future__ import annotations

import ast
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import launch
from tests.launching import LAUNCHER, Folder, SilentRegistry, build_tiny, refused, told


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> tuple[Folder, subprocess.CompletedProcess[str]]:
    """A folder after its first start, and what that start said. Tests that change it take a copy."""
    folder = Folder.make(tmp_path_factory.mktemp("first"))
    return folder, folder.launch("--port", "7861", "--data-dir", "mine & dein ü", "--no-browser")


@pytest.fixture
def folder(fresh: tuple[Folder, object], tmp_path: Path) -> Folder:
    """A copy of the set-up folder: to launch.py, a folder that was moved."""
    return fresh[0].copy(tmp_path)


@pytest.fixture
def registry() -> Iterator[SilentRegistry]:
    """A registry that never answers."""
    with contextlib.closing(SilentRegistry()) as registry:
        yield registry


def test_the_first_start_installs_and_hands_everything_to_the_app(fresh):
    folder, answer = fresh
    assert "Installing requirements.txt" in answer.stdout
    assert "Successfully installed tiny-1.0" in answer.stdout, "pip's progress is not in sight"
    assert answer.returncode == 7, answer.stderr
    report = told(answer)
    assert report["argv"] == ["--port", "7861", "--data-dir", "mine & dein ü", "--no-browser"]
    assert (report["tiny"], report["utf8"]) == ("1.0", 1)
    assert Path(report["prefix"]).samefile(folder.venv)
    assert Path(report["cwd"]).samefile(folder.root.parent), "a relative --data-dir would mean another folder"


def test_the_second_start_installs_nothing(fresh):
    folder, _ = fresh
    written = folder.state.stat().st_mtime_ns
    answer = folder.launch(PIP_FIND_LINKS="")
    assert (answer.returncode, answer.stderr) == (7, "")
    assert len(answer.stdout.splitlines()) == 1, "only the app may say something"
    assert not folder.installed_anything()
    assert folder.state.stat().st_mtime_ns == written


def test_setup_does_not_start_the_app(folder):
    answer = folder.launch("--setup")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert '"argv"' not in answer.stdout
    assert "--port" in refused(folder.launch("--setup", "--port", "1"))


def test_a_moved_folder_is_mended_without_a_network(folder):
    command = folder.bin / ("tiny.exe" if os.name == "nt" else "tiny")
    answer = folder.launch(PIP_FIND_LINKS="")
    assert answer.returncode == 7, answer.stderr
    assert not folder.installed_anything()
    assert folder.stamps()["place"] == str(folder.venv)
    assert subprocess.run([command], capture_output=True, text=True, check=True).stdout == "tiny 1.0\n"
    activate = (folder.bin / "activate").read_text(encoding="utf-8")
    assert str(folder.venv) in activate
    assert len(folder.launch().stdout.splitlines()) == 1, "mended again although it was mended"


def test_the_commands_of_a_moved_folder_run_its_own_python(folder, fresh):
    folder.launch()
    shutil.move(fresh[0].python, fresh[0].python.with_suffix(".away"))
    try:
        command = folder.bin / ("pip3.exe" if os.name == "nt" else "pip3")
        answer = subprocess.run([command, "--version"], capture_output=True, encoding="utf-8", check=True)
    finally:
        shutil.move(fresh[0].python.with_suffix(".away"), fresh[0].python)
    assert str(folder.venv) in answer.stdout


def test_changed_requirements_are_installed_into_the_same_environment(folder):
    marker = folder.venv / "kept"
    marker.touch()
    build_tiny(folder.wheels, "1.5")
    try:
        folder.write("requirements.txt", "tiny>=1.5\n")
        assert told(folder.launch())["tiny"] == "1.5"
    finally:
        (folder.wheels / "tiny-1.5-py3-none-any.whl").unlink()
    assert folder.installed_anything()
    assert marker.exists()
    assert told(folder.launch())["tiny"] == "1.5"
    assert not folder.installed_anything()


def test_the_tests_need_comes_on_top_and_pytest_gets_the_rest(folder):
    base = folder.stamps()["base"]
    answer = folder.launch("--test", "-k", "a or b", "tests/test_ü.py")
    assert answer.returncode == 5, answer.stdout + answer.stderr
    assert told(answer)["argv"] == ["-k", "a or b", "tests/test_ü.py"]
    assert Path(told(answer)["cwd"]).samefile(folder.root)
    assert "Successfully installed pytest-99.0\n" in answer.stdout
    assert folder.stamps()["base"] == base
    for arguments in (["--test"], []):
        assert folder.launch(*arguments, PIP_FIND_LINKS="").returncode in (5, 7)
        assert not folder.installed_anything()


def test_the_tested_versions_are_taken_before_newer_ones(folder):
    build_tiny(folder.wheels, "1.7")
    try:
        folder.write("constraints.txt", "# exact\ntiny==1.0\n")
        folder.write("requirements.txt", "tiny>=0.5\n")
        assert told(folder.launch())["tiny"] == "1.0"
        folder.write("requirements.txt", "tiny>=1.1\n")  # the tested version has no build here any more
        answer = folder.launch()
    finally:
        (folder.wheels / "tiny-1.7-py3-none-any.whl").unlink()
    assert told(answer)["tiny"] == "1.7"
    assert "The tested versions do not all exist for this computer." in answer.stdout


def test_a_missing_package_is_one_sentence_and_nothing_is_lost(folder):
    folder.write("requirements.txt", "tiny\nnot-to-be-had>=3\n")
    sentence = refused(folder.launch())
    assert "no release that fits this computer" in sentence
    assert "not-to-be-had>=3" in sentence
    folder.write("requirements.txt", "tiny\n")
    marker = folder.venv / "kept"
    marker.touch()
    assert folder.launch().returncode == 7
    assert marker.exists(), "the environment was made anew although pip had not touched it"


def test_a_registry_that_cannot_be_reached_is_one_sentence(folder):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/simple"
    folder.write("requirements.txt", "tiny\nfar-away\n")
    answer = folder.launch(PIP_NO_INDEX="", PIP_INDEX_URL=address, PIP_RETRIES="1")
    assert "registry could not be reached" in refused(answer)


def test_a_program_that_is_not_whole_says_so(folder):
    (folder.root / "requirements.txt").unlink()
    assert "requirements.txt is missing" in refused(folder.launch())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_a_full_disk_is_one_sentence(folder):
    folder.write("requirements.txt", "tiny\nnot-to-be-had\n")
    (folder.venv / "setup.log").unlink(missing_ok=True)
    (folder.venv / "setup.log").symlink_to("/dev/full")
    assert "The disk is full" in refused(folder.launch())


def test_packages_from_elsewhere_do_not_get_in(folder, tmp_path):
    shadow = tmp_path / "shadow"
    shadow.mkdir()
    (shadow / "tiny.py").write_text("VERSION = 'another'")
    folder.write("requirements.txt", "tiny>=1\n")
    answer = folder.launch(PYTHONPATH=str(shadow), PIP_USER="1", PIP_TARGET=str(shadow))
    assert (told(answer)["tiny"], told(answer)["shadow"]) == ("1.0", False)


@pytest.mark.parametrize("version", [(3, 6), (3, 10), (3, 15)])
def test_a_python_that_does_not_fit_is_one_sentence(version, tmp_path):
    folder = Folder.make(tmp_path)
    sentence = refused(folder.launch(before=f"sys.version_info = ({version[0]}, {version[1]}, 0, 'final', 0)"))
    assert "needs Python 3.11 to 3.14" in sentence
    assert f"this is {version[0]}.{version[1]}" in sentence
    assert not folder.venv.exists()


def test_an_old_python_can_read_the_file_up_to_that_sentence():
    ast.parse(LAUNCHER.read_text(encoding="utf-8"), feature_version=(3, 6))


@pytest.mark.parametrize("part", ["ensurepip", "venv"])
def test_a_python_without_venv_says_what_to_install(part, tmp_path):
    folder = Folder.make(tmp_path)
    sentence = refused(folder.launch(before=f"sys.modules[{part!r}] = None"))
    assert f"sudo apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv" in sentence


def test_help_needs_no_setup(tmp_path):
    folder = Folder.make(tmp_path)
    answer = folder.launch("--help")
    assert answer.returncode == 0
    assert "--test [pytest arguments]" in answer.stdout
    assert not folder.venv.exists()


@pytest.mark.parametrize(
    ("messages", "name"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n", "disk"),
        ("ERROR: Could not install packages due to an OSError: [WinError 5] Access is denied: 'x'\n", "access"),
        ("WARNING: Retrying (Retry(total=4)) after connection broken by 'SSLError()'\nERROR: Odd thing.\n", "other"),
        ("pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool(): Read timed out.\n", "network"),
        (
            "ERROR: Cannot install a and b because of conflicting dependencies.\nERROR: ResolutionImpossible: see\n",
            "versions",
        ),
        ("", "other"),
    ],
)
def test_what_pip_complains_of_is_understood(messages, name):
    failure = launch.explain(messages)
    assert failure.name == name
    assert "{" not in failure.sentence
    assert "ResolutionImpossible" not in failure.sentence


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["python gone", "python does not run", "python of another kind", "no pip"])
def test_a_broken_environment_is_made_anew(folder, harm):
    leftover = folder.venv / "leftover"
    leftover.touch()
    if harm == "python of another kind":
        folder.state.write_text(folder.state.read_text().replace('"kind": "', '"kind": "other '))
    elif harm == "no pip":
        folder.write("requirements.txt", "tiny>=1\n")
        pip = next(folder.venv.rglob("site-packages")) / "pip"
        shutil.rmtree(pip)
    else:
        folder.python.unlink()
        if harm == "python does not run":
            folder.python.write_text("no program")
            folder.python.chmod(0o755)
    answer = folder.launch()
    assert answer.returncode == 7, answer.stdout + answer.stderr
    assert told(answer)["tiny"] == "1.0"
    assert not leftover.exists()
    assert folder.launch(PIP_FIND_LINKS="").returncode == 7


@pytest.mark.skipif(os.name == "nt", reason="a Windows console has no such signals")
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_an_interrupted_setup_is_done_again(folder, registry, number):
    folder.write("requirements.txt", "tiny>=1\nfar-away\n")
    child = subprocess.Popen(
        [sys.executable, folder.root / "launch.py"],
        env=folder.environment(PIP_NO_INDEX="", PIP_INDEX_URL=registry.address),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert registry.asked.wait(30), "pip never asked for the package"
    assert "Another start is setting the program up" in refused(folder.launch())
    if number == signal.SIGTERM:
        child.terminate()  # a service manager tells launch.py alone; a console and a crash reach pip too
    else:
        os.killpg(child.pid, number)
    _, complaint = child.communicate(timeout=30)
    if number != signal.SIGKILL:
        assert child.returncode == 130
        assert complaint == "Stopped. The next start goes on with the setup.\n"
    assert folder.stamps()["unfinished"] == "base"
    assert "base" not in folder.stamps()

    folder.write("requirements.txt", "tiny>=1\n")
    half_installed = next(folder.venv.rglob("site-packages")) / "tiny.py"
    half_installed.write_text("VERSION = 'half'")
    assert told(folder.launch())["tiny"] == "1.0"
    assert "unfinished" not in folder.stamps()


@pytest.mark.slow
def test_a_making_that_was_cut_off_is_done_again(folder):
    """The folder is there and its Python runs, but ensurepip had not come to its end."""
    folder.state.write_text('{"unfinished": "environment"}')
    answer = folder.launch()
    assert told(answer)["tiny"] == "1.0"
    assert "Making .venv anew" in answer.stdout


@pytest.mark.slow
def test_an_environment_made_by_hand_is_used_as_it_is(tmp_path):
    folder = Folder.make(tmp_path)
    subprocess.run([sys.executable, "-m", "venv", folder.venv], check=True)
    marker = folder.venv / "kept"
    marker.touch()
    assert told(folder.launch())["tiny"] == "1.0"
    assert marker.exists()
