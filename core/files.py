"""Where files live, and how they are written so that a crash never leaves half of one."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path

import psutil

from core.errors import StorageFailed

TEMPORARY_NAME = re.compile(r"\.pid(?P<pid>\d+)\.tmp$")
TEMPORARY_FOLDER = re.compile(r"^controlnet-studio-pid(?P<pid>\d+)$")
PROBE = bytes(1 << 20)  # about one large picture: an empty file fits on a full disk
REPOSITORY = Path(__file__).resolve().parent.parent
MODELS = REPOSITORY / "models"


class DataFolder:
    """The one folder this program writes to: `outputs/`, `logs/`, `temp/` under `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()
        self.outputs = self.root / "outputs"
        self.logs = self.root / "logs"
        self.temp = self.root / "temp" / f"controlnet-studio-pid{os.getpid()}"

    def prepare(self) -> str | None:
        """Make the folders and clear what dead processes left; return a sentence when pictures cannot be kept."""
        for folder in (self.outputs, self.logs):
            with contextlib.suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
        self._clear_leftovers()
        try:
            self.temp.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            self.temp = Path(tempfile.mkdtemp(prefix="controlnet-studio-"))
        return self.check_outputs()

    def check_outputs(self) -> str | None:
        """Return None when pictures can be saved, else a sentence that says why not."""
        try:
            probe = write_atomic(self.outputs / f".probe-{secrets.token_hex(4)}", PROBE)
        except StorageFailed as error:
            return str(error)
        with contextlib.suppress(OSError):
            probe.unlink()
        return None

    def _clear_leftovers(self) -> None:
        """Remove the temporary folders and half-written files of processes that are gone.

        Only names that this program gives are touched: the data folder may be one the person uses for more.
        """
        for folder in _entries(self.root / "temp", "*"):
            if _is_abandoned(folder, TEMPORARY_FOLDER):
                shutil.rmtree(folder, ignore_errors=True)
        for leftover in _entries(self.outputs, "**/*.tmp"):
            if _is_abandoned(leftover, TEMPORARY_NAME):
                with contextlib.suppress(OSError):
                    leftover.unlink()


def _entries(folder: Path, pattern: str) -> list[Path]:
    try:
        return list(folder.glob(pattern))
    except OSError:
        return []


def _is_abandoned(path: Path, naming: re.Pattern[str]) -> bool:
    """Whether `path` bears a process id in its name and that process can no longer be using it."""
    owner = naming.search(path.name)
    if owner is None:
        return False
    pid = int(owner["pid"])
    if pid != os.getpid():
        return pid >= 2**31 or not psutil.pid_exists(pid)
    try:  # in a container every start has the same id, so an older file with ours is a predecessor's
        return path.lstat().st_mtime < psutil.Process().create_time()
    except (OSError, psutil.Error):
        return False


def write_atomic(path: Path, data: bytes) -> Path:
    """Write `data` to `path` so that a reader sees all of it or nothing, and a full disk leaves no trace.

    Raises:
        StorageFailed: the disk is full, the folder is read-only, or it cannot be made.
    """
    # Not made from the final name, which may already be as long as a name can be.
    temporary = path.with_name(f".{secrets.token_hex(8)}.pid{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _replace(temporary, path)
    except BaseException as error:  # an interrupt must not leave half a file either
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise StorageFailed(_explain(error, path.parent)) from error
        raise
    _sync_folder(path.parent)
    return path


def _replace(source: Path, target: Path) -> None:
    """`os.replace`, tried for a quarter of a second on Windows, where a reader or virus scanner blocks it."""
    for _ in range(5 if sys.platform == "win32" else 0):
        with contextlib.suppress(PermissionError):
            os.replace(source, target)
            return
        time.sleep(0.05)
    os.replace(source, target)


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut; the file is complete already, so a refusal costs nothing."""
    if sys.platform == "win32":
        return  # has no such call for folders
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _explain(error: OSError, folder: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full, so nothing could be saved in {folder}. Free some space and try again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"The folder {folder} may not be written. Choose another with --data-dir."
    return f"Nothing could be saved in {folder} ({error.strerror or 'input/output error'})."
