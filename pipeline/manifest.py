"""A list of the files of a model folder with their sizes and SHA-256: what was shipped is what is loaded.

`python -m pipeline.manifest models/starter` writes it after the weights have changed.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from core.errors import ModelUnusable
from core.files import write_atomic

NAME = "manifest.json"
SUFFIXES = (".json", ".txt", ".safetensors")


def hash_file(path: Path) -> str:
    """SHA-256 of a file as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def write_manifest(folder: Path) -> None:
    """List every model file under `folder` in `folder/manifest.json`."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.name != NAME)
    listed = {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": hash_file(path)} for path in files
    }
    write_atomic(folder / NAME, (json.dumps({"files": listed}, indent=2) + "\n").encode())


def check_folder(root: Path, part: str, title: str) -> dict[str, str]:
    """Compare the files of `root/part` with `root/manifest.json`; return name -> SHA-256 of those that were checked.

    Raises:
        ModelUnusable: the list or a listed file is missing, or a file is not the one that was shipped.
    """
    try:
        listed = json.loads((root / NAME).read_text(encoding="utf-8"))["files"]
        wanted = {name: (facts["bytes"], facts["sha256"]) for name, facts in listed.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ModelUnusable(f"{title}: the file {NAME} in {root} is missing or damaged. {_repair()}") from None
    checked: dict[str, str] = {}
    for name, (size, digest) in wanted.items():
        if not name.startswith(part + "/"):
            continue
        path = root / name
        if not path.is_file():
            raise ModelUnusable(f"{title}: the file {path} is missing. {_repair()}")
        if path.stat().st_size != size or _hash_or_refuse(path, title) != digest:
            raise ModelUnusable(f"{title}: the file {path} is damaged. {_repair()}")
        checked[name] = digest
    if not checked:
        raise ModelUnusable(f"{title}: no files are listed for {part} in {root / NAME}. {_repair()}")
    return checked


def _hash_or_refuse(path: Path, title: str) -> str:
    try:
        return hash_file(path)
    except OSError as error:
        raise ModelUnusable(f"{title}: the file {path} cannot be read ({error.strerror}).") from None


def _repair() -> str:
    return "Get it back with `git checkout -- models`, or download the program again."


if __name__ == "__main__":
    write_manifest(Path(sys.argv[1]))
