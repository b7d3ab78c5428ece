"""Finished pictures on disk: saved before they are shown, listed, opened by name and by nothing else."""

from __future__ import annotations

import io
import re
import stat
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageOps

from core.errors import BadRequest, NotFound, StorageFailed
from core.files import write_atomic
from core.value import Value
from pipeline.events import Result
from pipeline.metadata import read_png, write_png

NAME = re.compile(r"\d{4}-\d{2}-\d{2}/[0-9A-Za-z-]{1,80}\.png")
GONE = "There is no picture of that name; it may have been moved or deleted."
THUMBNAIL_SIDE = 160  # pixels


class SavedPicture(Value):
    """A line of the strip: a file and what it says of itself."""

    name: str  # "2026-11-23/140205-4711-ab12cd-0.png"
    prompt: str
    seed: int | None
    made: str


class Outputs:
    """The folder of finished pictures, one sub-folder a day."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, result: Result, run_id: str) -> tuple[list[str | None], list[str]]:
        """Save every picture of `result`; return the names (None where it failed) and sentences about failures."""
        names: list[str | None] = []
        problems: list[str] = []
        for index in range(len(result.pictures)):
            seed = result.request.seed_of(index)
            name = f"{result.made:%Y-%m-%d}/{result.made:%H%M%S}-{seed}-{run_id[:6]}-{index}.png"
            try:
                write_atomic(self.folder / name, write_png(result, index))
            except StorageFailed as error:
                problems.append(f"{error} The picture is kept in memory until the program ends; download it.")
                names.append(None)
            else:
                names.append(name)
        return names, list(dict.fromkeys(problems))

    def recent(self, limit: int) -> list[SavedPicture]:
        """The newest pictures first, at most `limit`."""
        found: list[SavedPicture] = []
        for day in sorted(_folders(self.folder), reverse=True):
            for changed, path in _files(day)[: limit - len(found)]:
                found.append(_describe(str(path), f"{day.name}/{path.name}", changed))
            if len(found) >= limit:
                break
        return found

    def read(self, name: str) -> bytes:
        """The bytes of the picture called `name`.

        Raises:
            NotFound: no such picture.
        """
        try:
            return self._path(name).read_bytes()
        except OSError:
            raise NotFound(GONE) from None

    def thumbnail(self, name: str) -> bytes:
        """A JPEG of the picture called `name`, at most 160 pixels a side.

        Raises:
            NotFound: no such picture, or not readable as one.
        """
        path = self._path(name)
        try:
            changed = path.stat().st_mtime_ns
        except OSError:
            raise NotFound(GONE) from None
        return _thumbnail(str(path), changed)

    def _path(self, name: str) -> Path:
        """The file called `name`; a name is never taken as a path, it must look like those that `save` gives."""
        if not NAME.fullmatch(name):
            raise NotFound(GONE)
        return self.folder / name


def _folders(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_dir()]
    except OSError:
        return []


def _files(day: Path) -> list[tuple[int, Path]]:
    """(time of the last change in nanoseconds, file) of the pictures that can be opened by name, newest first."""
    found: list[tuple[int, Path]] = []
    for path in day.glob("*.png"):
        if not NAME.fullmatch(f"{day.name}/{path.name}"):
            continue
        try:
            facts = path.stat()
        except OSError:  # deleted meanwhile, or a link to nowhere
            continue
        if stat.S_ISREG(facts.st_mode):
            found.append((facts.st_mtime_ns, path))
    return sorted(found, reverse=True)


@lru_cache(maxsize=512)
def _describe(path: str, name: str, changed: int) -> SavedPicture:
    """Read a file's own description once; `changed` makes the cache notice that the file became another."""
    try:
        settings = read_png(Path(path).read_bytes())
    except (OSError, BadRequest):
        made = datetime.fromtimestamp(changed / 1e9).astimezone().isoformat(timespec="seconds")
        return SavedPicture(name=name, prompt="", seed=None, made=made)
    return SavedPicture(
        name=name,
        prompt=settings.request.prompt[:200],
        seed=settings.request.seed_of(settings.index),
        made=settings.made,
    )


@lru_cache(maxsize=256)
def _thumbnail(path: str, changed: int) -> bytes:  # noqa: ARG001 - part of the cache's key
    try:
        with Image.open(path, formats=("PNG",)) as image:
            small = ImageOps.contain(image.convert("RGB"), (THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    except Exception:  # Pillow raises nearly anything on damage; DecompressionBombError is not even an OSError
        raise NotFound("That picture is damaged.") from None
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=82)
    return buffer.getvalue()
