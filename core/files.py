"""Where files live, and how they are written so that a crash never leaves half of one."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import tempfile
from pathlib import Path

import psutil

from core.errors import StorageFailed

TEMPORARY_NAME = re.compile(r"\.pid(?P<pid>\d+)\.tmp$")
REPOSITORY = Path(__file__).resolve().parent.parent
MODELS = REPOSITORY / "models"


class DataFolder:
    """The one folder this program writes to: `outputs/`, `logs/`, `temp/` under `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()
        self.outputs = self.root / "outputs"
        self.logs = self.root / "logs"
        self.temp = self.root / "temp" / str(os.getpid())

    def prepare(self) -> str | None:
        """Make the folders and clear what dead processes left; return a sentence when pictures cannot be kept."""
        for folder in (self.outputs, self.logs):
            with contextlib.suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
        self._clear_temp()
        try:
            self.temp.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            self.temp = Path(tempfile.mkdtemp(prefix="controlnet-studio-"))
        return self.check_outputs()

    def check_outputs(self) -> str | None:
        """Return None when pictures can be saved, else a sentence that says why not."""
        try:
            write_atomic(self.outputs / f".probe-{secrets.token_hex(4)}", b"").unlink()
        except StorageFailed as error:
            return str(error)
        return None

    def _clear_temp(self) -> None:
        """Remove the temporary folders and half-written files of processes that are gone."""
        for folder in _entries(self.root / "temp"):
            if not (folder.name.isdigit() and psutil.pid_exists(int(folder.name))):
                shutil.rmtree(folder, ignore_errors=True)
        for leftover in _entries(self.outputs, "**/*.tmp"):
            writer = TEMPORARY_NAME.search(leftover.name)
            if writer and not psutil.pid_exists(int(writer["pid"])):
                with contextlib.suppress(OSError):
                    leftover.unlink()


def _entries(folder: Path, pattern: str = "*") -> list[Path]:
    try:
        return list(folder.glob(pattern))
    except OSError:
        return []


def write_atomic(path: Path, data: bytes) -> Path:
    """Write `data` to `path` so that a reader sees all of it or nothing, and a full disk leaves no trace.

    Raises:
        StorageFailed: the disk is full, the folder is read-only, or it cannot be made.
    """
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.pid{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise StorageFailed(_explain(error, path.parent)) from error
    return path


def _explain(error: OSError, folder: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full, so nothing could be saved in {folder}. Free some space and try again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"The folder {folder} may not be written. Choose another with --data-dir."
    return f"Nothing could be saved in {folder} ({error.strerror or 'input/output error'})."
