"""A folder as a user has it, with launch.py and tiny packages, set up and started for real and without a network."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

LAUNCHER = Path(__file__).resolve().parent.parent / "launch.py"
APP = """\
import json, os, sys
import tiny
shadow = "shadow" in sys.modules or any("shadow" in place for place in sys.path)
print(json.dumps({"argv": sys.argv[1:], "tiny": tiny.VERSION, "utf8": sys.flags.utf8_mode, "prefix": sys.prefix,
                  "cwd": os.getcwd(), "shadow": shadow}))
sys.exit(7)
"""
TINY = "VERSION = {version!r}\ndef main():\n    print('tiny', VERSION)\n"
PYTEST = "import json, os, sys\nprint(json.dumps({'argv': sys.argv[1:], 'cwd': os.getcwd()}))\nsys.exit(5)\n"


def build_wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> None:
    """Write the pure-Python wheel `name` with `files` (path in the wheel -> text) to `folder`."""
    information = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{information}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{information}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_digest(text)},{len(text.encode())}\n" for path, text in files.items())
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
        wheel.writestr(f"{information}/RECORD", f"{record}{information}/RECORD,,\n")


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def build_tiny(folder: Path, version: str) -> None:
    """Write the wheel of `tiny`: one module that knows its version, and one command that prints it."""
    commands = "[console_scripts]\ntiny = tiny:main\n"
    name = f"tiny-{version}.dist-info/entry_points.txt"
    build_wheel(folder, "tiny", version, {"tiny.py": TINY.format(version=version), name: commands})


class Folder:
    """A copy of the program in `root`, whose packages come from `wheels` alone."""

    def __init__(self, root: Path, wheels: Path) -> None:
        self.root = root
        self.wheels = wheels
        self.venv = root / ".venv"
        self.bin = self.venv / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.bin / ("python.exe" if os.name == "nt" else "python")
        self.state = self.venv / "setup.json"
        self.pip_log = root.parent / f"pip-{root.name}.log"

    @classmethod
    def make(cls, parent: Path, name: str = "Ünï 中文 😀 my app") -> Folder:
        """Make one that is not set up yet, with tiny 1.0 as the program's need and a tiny pytest as the tests'."""
        folder = cls(parent / name, parent / "wheels")
        folder.root.mkdir(parents=True)
        folder.wheels.mkdir()
        shutil.copy(LAUNCHER, folder.root)
        build_tiny(folder.wheels, "1.0")
        build_wheel(folder.wheels, "pytest", "99.0", {"pytest/__init__.py": "", "pytest/__main__.py": PYTEST})
        folder.write("requirements.txt", "tiny\n")
        folder.write("requirements-dev.txt", "pytest\n")
        folder.write("app.py", APP)
        return folder

    def copy(self, parent: Path) -> Folder:
        """Copy all of it, .venv too, to a folder of the same name in `parent`: what moving it does."""
        shutil.copytree(self.root, parent / self.root.name, symlinks=True)
        return Folder(parent / self.root.name, self.wheels)

    def write(self, name: str, text: str) -> None:
        """Write the file `name` in the root."""
        (self.root / name).write_text(text, encoding="utf-8")

    def environment(self, **changes: str) -> dict[str, str]:
        """Variables under which pip sees the wheels and nothing else; an empty change takes one away."""
        keep = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
        offline = {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": self.wheels.as_uri(),
            "PIP_NO_CACHE_DIR": "1",
            "PIP_LOG": str(self.pip_log),
            "PYTHONIOENCODING": "utf-8",
        }
        return {name: value for name, value in {**keep, **offline, **changes}.items() if value}

    def launch(self, *arguments: str, before: str = "", **changes: str) -> subprocess.CompletedProcess[str]:
        """Run launch.py with `arguments` from another folder; `before` is code that runs ahead of it in its process."""
        self.pip_log.unlink(missing_ok=True)
        launcher = str(self.root / "launch.py")
        code = (
            f"import runpy, sys; sys.argv[:] = sys.argv[1:]; {before}; runpy.run_path(sys.argv[0], run_name='__main__')"
        )
        return subprocess.run(
            [sys.executable, *(["-c", code, launcher] if before else [launcher]), *arguments],
            cwd=self.root.parent,
            env=self.environment(**changes),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def installed_anything(self) -> bool:
        """Whether the last launch ran `pip install`."""
        return self.pip_log.exists()

    def stamps(self) -> dict[str, str]:
        """What launch.py noted in .venv."""
        return json.loads(self.state.read_text(encoding="utf-8"))


def told(answer: subprocess.CompletedProcess[str]) -> dict:
    """What app.py (or the tiny pytest) said of its start, in the last line of its output."""
    return json.loads(answer.stdout.splitlines()[-1])


def refused(answer: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a launch that failed as it should: no trace, exit code 1, the app not started."""
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert "Traceback" not in answer.stdout + answer.stderr
    assert '"argv"' not in answer.stdout
    assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr
    return answer.stderr.strip()


class SilentRegistry:
    """A package registry at `address` that takes connections and never answers; `asked` is set by the first one."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self._held: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._server.getsockname()[1]}/simple"
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:  # closed
                return
            self._held.append(connection)
            self.asked.set()

    def close(self) -> None:
        """Hang up on everybody."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()
        for connection in self._held:
            connection.close()
