"""Control maps, made once: the preview and the run share one map, and a strength change never makes it again."""

from __future__ import annotations

import threading
from collections import OrderedDict

from annotators import Annotator
from core.picture import Picture, fit_picture

EMPTY_NOTE = "The map of this guide is empty, so there are no lines to follow."


class MapCache:
    """Maps by (picture digest, size, annotator settings); the least recently used go when `capacity` is reached."""

    def __init__(self, capacity: int = 64) -> None:
        self._capacity = capacity
        self._maps: OrderedDict[tuple, Picture] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, source: Picture, annotator: Annotator | None, width: int, height: int) -> Picture:
        """Return the control map, `width` x `height`, of `source` under `annotator` (None: it is a map already).

        The source is fitted first and annotated then, so that one map pixel is one picture pixel.
        """
        key = (source.digest, width, height, annotator)
        with self._lock:
            if key in self._maps:
                self._maps.move_to_end(key)
                return self._maps[key]
        made = make_map(source, annotator, width, height)
        with self._lock:
            made = self._maps.setdefault(key, made)  # another thread may have been quicker
            while len(self._maps) > self._capacity:
                self._maps.popitem(last=False)
        return made


def make_map(source: Picture, annotator: Annotator | None, width: int, height: int) -> Picture:
    """Fit `source` to `width` x `height` and annotate it; an empty map says so in a note."""
    fitted = fit_picture(source, width, height)
    made = annotator(fitted) if annotator else fitted
    notes = (*fitted.notes, *(note for note in made.notes if note not in fitted.notes))
    empty = (EMPTY_NOTE,) if not made.pixels.any() else ()
    return Picture(made.pixels, notes + empty)
