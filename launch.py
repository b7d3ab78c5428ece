#!/usr/bin/env python3
"""Set up ControlNet Studio in .venv beside this file, then open it.

    python3 launch.py [options of the program]     set up if needed, then start app.py with these options
    python3 launch.py --setup                      set up only
    python3 launch.py --test [pytest arguments]    set up, also what the tests need, then run the test suite

A second start installs nothing. A setup that was interrupted, an environment that no longer runs and a folder that was
moved are noticed and mended. Only the standard library is used here.
"""

import sys

# Before everything else, in syntax a Python 3.6 can read: one that does not fit gives a sentence, not a trace.
OLDEST, NEWEST = (3, 11), (3, 14)
UNFIT = (
    "ControlNet Studio needs Python {}.{} to {}.{}, and this is {}.{}. Start it with one of these, for example: "
    "python3.12 launch.py (on Windows: py -3.12 launch.py)"
).format(*OLDEST, *NEWEST, *sys.version_info[:2])
if sys.version_info[:2] < OLDEST:
    sys.exit(UNFIT)

import contextlib
import hashlib
import importlib.util
import io
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STATE = VENV / "setup.json"
LOG = VENV / "setup.log"
CONSTRAINTS = "constraints.txt"
LOCK_OFFSET = 1 << 30  # past the end of this file: Windows refuses to read locked bytes

# The sets of packages. Each has its own stamp, so that the tests' needs come on top of a program that is set up.
SETS = {"base": ("requirements.txt",), "test": ("requirements.txt", "requirements-dev.txt")}

# Variables under which a child would take its packages from, or put them, somewhere else than .venv.
FOREIGN = ("PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")

IDENTIFY = "import platform, sys; print(sys.implementation.cache_tag, sys.platform, platform.machine())"

# Run by .venv's Python after a move: writes the commands in bin/ anew, as venv and pip do, because each of them names
# its interpreter by full path.
RENEW_COMMANDS = """
import sys, sysconfig, venv
from importlib.metadata import distributions
from pip._vendor.distlib.scripts import ScriptMaker

builder = venv.EnvBuilder()
builder.setup_scripts(builder.ensure_directories(sys.prefix))
maker = ScriptMaker(None, sysconfig.get_path("scripts"))
maker.clobber, maker.set_mode, maker.variants = True, True, {""}
for distribution in distributions():
    for entry in distribution.entry_points:
        if entry.group in ("console_scripts", "gui_scripts"):
            more = ["pip3", "pip%d.%d" % sys.version_info[:2]] if entry.name == "pip" else []
            for name in [entry.name, *more]:
                maker.make(f"{name} = {entry.value}", {"gui": entry.group == "gui_scripts"})
"""


class SetupFailed(Exception):
    """A sentence for the person: what happened and what to do."""


class Failure(NamedTuple):
    """One way in which the setup fails: how its messages tell, and what to say."""

    name: str
    pattern: re.Pattern[str]
    sentence: str


FAILURES = (
    Failure(
        "disk",
        re.compile(r"No space left on device|Errno 28\b|Disk quota exceeded|not enough space on the disk"),
        "The disk is full, so the setup could not finish. It needs about 7 GB in {folder} and room for the downloads "
        "in {temporary}; free some space and start again.",
    ),
    Failure(
        "access",
        re.compile(r"Permission denied|Errno 13\b|Read-only file system|Access is denied"),
        "The folder {folder} may not be written. Move the program to a folder of your own, or close what still uses "
        "it, and start again.",
    ),
    Failure(
        "network",
        # A retry that worked is no failure: only the last one (total=0) counts, or an error that was not retried.
        re.compile(
            r"Retry\(total=0|^(?!.*Retrying \().*(NewConnectionError|NameResolutionError|Max retries exceeded"
            r"|ProxyError|SSLError|ReadTimeoutError|ConnectTimeout|ConnectionResetError|IncompleteRead|HTTP error 5\d)",
            re.MULTILINE,
        ),
        "The package registry could not be reached, so the setup could not finish. Check the connection and start "
        "again; what was downloaded is kept.",
    ),
    Failure(
        "versions",
        re.compile(r"No matching distribution found|ResolutionImpossible|conflicting dependencies"),
        "A needed package has no release that fits this computer: {detail}.",
    ),
    Failure("other", re.compile(""), "The setup failed: {detail}."),
)


def explain(messages: str) -> Failure:
    """Return the failure that `messages` (of pip, venv or the system) tell of, with its sentence filled in."""
    failure = next(failure for failure in FAILURES if failure.pattern.search(messages))
    lines = [line.strip() for line in messages.splitlines() if line.strip()] or ["it gave no reason"]
    errors = [line[7:] for line in lines if line.startswith("ERROR: ") and "ResolutionImpossible" not in line]
    detail = (errors or lines)[-1].rstrip(".")
    sentence = failure.sentence.format(folder=ROOT, temporary=tempfile.gettempdir(), detail=detail)
    return failure._replace(sentence=sentence)


def environment() -> dict[str, str]:
    """The variables of this process without those that would mix other packages in; UTF-8 unless told otherwise."""
    return {"PYTHONUTF8": "1"} | {name: value for name, value in os.environ.items() if name not in FOREIGN}


def ask(*command: str | Path) -> tuple[bool, str]:
    """Run a short `command` out of sight; return whether it succeeded, and everything it said."""
    try:
        answer = subprocess.run(
            command,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except OSError as error:
        return False, str(error)
    return answer.returncode == 0, answer.stdout.decode("utf-8", "replace").strip()


def run(*command: str) -> int:
    """Run .venv's Python with `command`: in place of this process, or on Windows as a child; return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    if os.name != "nt":
        os.execve(PYTHON, [str(PYTHON), *command], environment())  # noqa: S606
    child = subprocess.Popen([PYTHON, *command], env=environment())
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:  # the console told the child too: it ends by itself, with its own exit code
            continue


def pip_install(*options: str) -> str | None:
    """Install into .venv with pip's progress in sight; return what it complained of when it failed, else None."""
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--prefer-binary", *options]
    complaints: list[str] = []
    with open(LOG, "a", encoding="utf-8") as log:
        child = subprocess.Popen(
            command, cwd=ROOT, env=environment(), stderr=subprocess.PIPE, encoding="utf-8", errors="replace"
        )
        try:
            for line in child.stderr or ():
                if "Retrying (" in line and not any("Retrying (" in earlier for earlier in complaints):
                    print("The package registry does not answer. Trying again ...", flush=True)
                complaints.append(line)
                log.write(line)
            child.wait()
        except KeyboardInterrupt:
            child.terminate()
            child.wait()
            raise
    return "".join(complaints) if child.returncode else None


class Environment:
    """.venv as it is now. `stamps` is what this file wrote into it:

    place, kind: where and for which Python it was made; unfinished: what was being done when it was last touched;
    base, test: digest of the requirements that were installed, by set.
    """

    def __init__(self) -> None:
        runs, answer = ask(PYTHON, "-I", "-S", "-c", IDENTIFY)
        self.kind = answer if runs else None
        try:
            self.stamps: dict[str, str] = json.loads(STATE.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.stamps = {}

    def has(self, name: str) -> bool:
        """Whether .venv runs, stands where it was made, and holds the set `name` as the files ask for it now."""
        stamps = self.stamps
        here = stamps.get("place") == str(VENV) and stamps.get("kind") == self.kind is not None
        return here and stamps.get("unfinished") not in ("environment", name) and stamps.get(name) == digest(name)

    def mend(self) -> None:
        """Make .venv run, here and with this Python's packages: leave it, renew its commands, or make it anew."""
        changed = self.stamps.get("kind", self.kind) != self.kind
        if self.kind is None or changed or "unfinished" in self.stamps or not ask(PYTHON, "-m", "pip", "--version")[0]:
            self.create()
        elif self.stamps.get("place", str(VENV)) != str(VENV):
            print("The folder was moved: renewing the commands in .venv ...", flush=True)
            if ask(PYTHON, "-c", RENEW_COMMANDS)[0]:
                self.stamp(place=str(VENV))
            else:
                self.create()

    def create(self) -> None:
        """Make .venv anew, empty but for pip.

        Raises:
            SetupFailed: this Python is too new or lacks its venv part, or the folder cannot be written.
        """
        if sys.version_info[:2] > NEWEST:
            raise SetupFailed(UNFIT)
        if not all(map(importlib.util.find_spec, ("venv", "ensurepip"))):
            raise SetupFailed(
                "This Python cannot make virtual environments, as a part of it is not installed. On Debian and Ubuntu: "
                "sudo apt install python{}.{}-venv, then start again.".format(*sys.version_info[:2])
            )
        print("Making .venv anew, as it is broken ..." if VENV.exists() else "Making .venv ...")
        VENV.mkdir(exist_ok=True)
        free_gb = shutil.disk_usage(VENV).free / 1e9
        print(f"This loads up to 3 GB and fills up to 7 GB ({free_gb:.0f} GB are free). It happens once.", flush=True)
        self.stamps = {}
        self.stamp(unfinished="environment")  # first, so that a clearing or a making that is cut off shows
        for entry in os.scandir(VENV):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry)
            elif entry.name != STATE.name:
                os.unlink(entry)
        done, messages = ask(getattr(sys, "_base_executable", sys.executable), "-m", "venv", VENV)
        if not done:
            raise SetupFailed(explain(messages).sentence)
        self.kind = Environment().kind
        self.stamp(unfinished=None, place=str(VENV), kind=self.kind)

    def install(self, name: str) -> None:
        """Install the set `name`, in the tested versions or, where one has no build, within the ranges.

        Raises:
            SetupFailed: pip could not.
        """
        print(f"Installing {' and '.join(SETS[name])} into .venv ...", flush=True)
        self.stamp(unfinished=name, place=str(VENV), kind=self.kind, **{name: None})
        wanted = [option for file in SETS[name] for option in ("-r", file)]
        constrained = (ROOT / CONSTRAINTS).exists()
        complaint = pip_install(*wanted, "-c", CONSTRAINTS) if constrained else pip_install(*wanted)
        if constrained and complaint is not None and explain(complaint).name == "versions":
            print("The tested versions do not all exist for this computer. Taking others within the tested ranges.")
            complaint = pip_install(*wanted)
        if complaint is None:
            self.stamp(unfinished=None, **{name: digest(name)})
            return
        failure = explain(complaint)
        if failure.name in ("network", "versions"):  # then pip gave up before it changed anything
            self.stamp(unfinished=None)
        known = failure.name not in ("versions", "other")
        raise SetupFailed(failure.sentence + ("" if known else f" All that pip complained of is in {LOG}"))

    def stamp(self, **changes: str | None) -> None:
        """Set the stamps in `changes`, None taking one away, and write them all at once."""
        self.stamps = {key: value for key, value in {**self.stamps, **changes}.items() if value is not None}
        temporary = STATE.with_suffix(".tmp")
        temporary.write_text(json.dumps(self.stamps, indent=1), encoding="utf-8")
        os.replace(temporary, STATE)


def digest(name: str) -> str:
    """SHA-256 over the files that say what the set `name` is.

    Raises:
        SetupFailed: one of them is not there.
    """
    total = hashlib.sha256()
    for file in (*SETS[name], CONSTRAINTS):
        try:
            content = (ROOT / file).read_bytes()
        except FileNotFoundError as error:
            if file != CONSTRAINTS:
                raise SetupFailed(f"{file} is missing in {ROOT}. Unpack or clone the program anew.") from error
            content = b""
        total.update(b"%s %d\n%s" % (file.encode(), len(content), content))
    return total.hexdigest()


@contextlib.contextmanager
def only_one_setup() -> Iterator[None]:
    """Hold a lock on this file; the system lets go of it however the process ends.

    Raises:
        SetupFailed: another process holds it.
    """
    with open(__file__, "rb") as file:
        try:
            if sys.platform == "win32":
                import msvcrt

                file.seek(LOCK_OFFSET)
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            raise SetupFailed("Another start is setting the program up right now. Wait until it is done.") from error
        except OSError:
            pass  # a file system without locks: go on without
        yield


def prepare(*names: str) -> None:
    """Make .venv hold the sets `names`; cheap when it does already."""
    if all(map(Environment().has, names)):
        return
    with only_one_setup():
        Environment().mend()
        for name in names:
            if not Environment().has(name):
                Environment().install(name)


def launch(arguments: list[str]) -> int:
    """Set up what the first argument asks for, then run it; return the exit code."""
    first, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if first in ("-h", "--help"):
        print(__doc__)
        return run(str(ROOT / "app.py"), "--help") if Environment().has("base") else 0
    if first == "--setup":
        if rest:
            raise SetupFailed(f"--setup takes no other options, but {' '.join(rest)} was given.")
        prepare("base")
        print("Everything is set up. Start with: python3 launch.py")
        return 0
    if first == "--test":
        prepare("base", "test")
        os.chdir(ROOT)
        return run("-m", "pytest", *rest)
    prepare("base")
    return run(str(ROOT / "app.py"), *arguments)


def main(arguments: list[str]) -> int:
    """Do what the command line says; whatever goes wrong is one sentence and an exit code that is not 0."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a folder's name must never be what stops the start
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return launch(arguments)
    except SetupFailed as error:
        sentence, code = str(error), 1
    except OSError as error:
        sentence, code = explain(str(error)).sentence, 1
    except KeyboardInterrupt:
        sentence, code = "Stopped. The next start goes on with the setup.", 130
    print(sentence, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
