"""What models are on disk, and whether their files are whole."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path

from core.errors import BadRequest, ModelUnusable
from core.files import MODELS
from pipeline.catalog import BASES, CONTROLS, BaseEntry, ControlEntry
from pipeline.manifest import check_folder


class Library:
    """The catalogue beside the folder `root` that holds the weights."""

    def __init__(self, root: Path = MODELS) -> None:
        self.root = root

    @property
    def bases(self) -> tuple[BaseEntry, ...]:
        return BASES

    @property
    def controls(self) -> tuple[ControlEntry, ...]:
        return CONTROLS

    def find_base(self, base_id: str) -> BaseEntry:
        """Return the base with this id.

        Raises:
            BadRequest: there is none; the sentence lists those there are.
        """
        for base in self.bases:
            if base.id == base_id:
                return base
        known = ", ".join(base.id for base in self.bases)
        raise BadRequest(f"There is no model called {base_id!r}. There are: {known}.")

    def find_control(self, control_id: str, base: BaseEntry) -> ControlEntry:
        """Return the control with this id, if it fits `base`.

        Raises:
            BadRequest: there is none, or it was trained over another family.
        """
        for control in self.controls:
            if control.id == control_id:
                if control.family != base.family:
                    raise BadRequest(
                        f"The control {control.id} is for {control.family} models; {base.title} is {base.family}."
                    )
                return control
        known = ", ".join(control.id for control in self.controls if control.family == base.family)
        raise BadRequest(f"There is no control called {control_id!r}. For {base.title} there are: {known}.")

    def check(self, entry: BaseEntry | ControlEntry) -> str:
        """Check the files of `entry` against their manifest; return one SHA-256 that stands for all its weights.

        Raises:
            ModelUnusable: a file is missing or damaged; the sentence names it and says how to get it back.
        """
        root, _, part = entry.folder.partition("/")
        hashes = check_folder(self.root / root, part, f"The model {entry.title!r} cannot be used")
        weights = sorted(digest for name, digest in hashes.items() if name.endswith(".safetensors"))
        if len(weights) == 1:
            return weights[0]
        return hashlib.sha256("".join(weights).encode()).hexdigest()

    def folder(self, entry: BaseEntry | ControlEntry) -> Path:
        return self.root / entry.folder

    def known_words(self, base: BaseEntry) -> KnownWords | None:
        """The words a small base knows, or None for one that was trained on language at large.

        Raises:
            ModelUnusable: its list of words is missing or damaged.
        """
        if base.known_words is None:
            return None
        path = self.folder(base) / base.known_words
        try:
            groups = json.loads(path.read_text(encoding="utf-8"))["groups"]
            return KnownWords({str(title): tuple(words) for title, words in groups.items()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise ModelUnusable(f"The list of words {path} is missing or damaged.") from None


class KnownWords:
    """The vocabulary of a small base, in groups such as things and colours."""

    def __init__(self, groups: dict[str, tuple[str, ...]]) -> None:
        self.groups = groups

    @cached_property
    def all(self) -> frozenset[str]:
        return frozenset(word for words in self.groups.values() for word in words)

    def unknown_in(self, prompt: str) -> tuple[str, ...]:
        """The words of `prompt` that the base never saw, in order, each once."""
        words = "".join(char if char.isalnum() else " " for char in prompt.lower()).split()
        return tuple(dict.fromkeys(word for word in words if word not in self.all))

    def note_on(self, prompt: str) -> str | None:
        """A sentence naming the unknown words of `prompt` and what is known instead, or None."""
        unknown = self.unknown_in(prompt)
        if not unknown:
            return None
        named = ", ".join(repr(word[:40]) for word in unknown[:6]) + (" and others" if len(unknown) > 6 else "")
        known = "; ".join(
            f"{title}: {', '.join(words)}" for title, words in self.groups.items() if title != "small words"
        )
        return f"The built-in model does not know {named}. It knows {known}."
