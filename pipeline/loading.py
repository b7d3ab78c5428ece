"""Models in memory: loaded once, on the device of the session, the least recently used control leaving first."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from pipeline.device import DevicePlan
from pipeline.families import LoadedBase, find_family
from pipeline.library import Library

MAX_CONTROLS_IN_MEMORY = 6


@dataclass(frozen=True)
class Loaded:
    """A model in memory with the SHA-256 of the files it came from."""

    model: Any
    sha256: str


class Models:
    """What is in memory. Used by the engine's worker alone, so it needs no lock."""

    def __init__(self, library: Library, plan: DevicePlan) -> None:
        self._library = library
        self.plan = plan
        self._base: tuple[str, Loaded] | None = None
        self._controls: OrderedDict[str, Loaded] = OrderedDict()

    def base(self, base_id: str) -> tuple[LoadedBase, str]:
        """Return the base and its SHA-256, loading it in place of another if need be.

        Raises:
            BadRequest: there is no such base.
            ModelUnusable: its files are missing or damaged.
        """
        if self._base is None or self._base[0] != base_id:
            entry = self._library.find_base(base_id)
            digest = self._library.check(entry)
            self._base = None  # the old one leaves before the new one comes
            self._controls.clear()
            model = find_family(entry.family).load_base(self._library.folder(entry), self.plan)
            self._base = (base_id, Loaded(model, digest))
        loaded = self._base[1]
        return loaded.model, loaded.sha256

    def control(self, control_id: str, base_id: str) -> tuple[Any, str]:
        """Return the control network and its SHA-256.

        Raises:
            BadRequest: there is no such control for this base.
            ModelUnusable: its files are missing or damaged.
        """
        if control_id not in self._controls:
            entry = self._library.find_control(control_id, self._library.find_base(base_id))
            digest = self._library.check(entry)
            model = find_family(entry.family).load_control(self._library.folder(entry), self.plan)
            self._controls[control_id] = Loaded(model, digest)
            while len(self._controls) > MAX_CONTROLS_IN_MEMORY:
                self._controls.popitem(last=False)
        self._controls.move_to_end(control_id)
        loaded = self._controls[control_id]
        return loaded.model, loaded.sha256
