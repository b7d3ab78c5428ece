"""Control maps: fitted first, annotated then, made once."""

from __future__ import annotations

import threading
from typing import ClassVar, Literal

import numpy as np
import pytest
from pydantic import PrivateAttr

from annotators import Annotator, Canny, Scribble
from core.picture import Picture, fit_picture
from pipeline.maps import EMPTY_NOTE, MapCache, make_map
from tests.pipeline.samples import noise


class Counting(Annotator):
    """An annotator that remembers what it was given, and waits for others when a barrier is set."""

    title: ClassVar[str] = "Counting"
    summary: ClassVar[str] = "Counts"
    kind: Literal["counting"] = "counting"
    _seen: list[tuple[int, int]] = PrivateAttr(default_factory=list)
    _barrier: threading.Barrier | None = PrivateAttr(default=None)

    def __call__(self, picture: Picture) -> Picture:
        self._seen.append(picture.size)
        if self._barrier:
            self._barrier.wait(30)
        return Picture(picture.pixels)


def test_the_source_is_fitted_before_it_is_annotated() -> None:
    photo = noise(200, 100)
    made = make_map(photo, Canny(), 64, 64)
    assert made == Canny()(fit_picture(photo, 64, 64))
    assert made != fit_picture(Canny()(photo), 64, 64)
    assert made.notes == ("The guide (200 x 100) was cropped from its middle to 64 x 64.",)
    counting = Counting()
    make_map(photo, counting, 80, 48)
    assert counting._seen == [(80, 48)]


def test_a_finished_map_is_only_fitted() -> None:
    finished = noise(64, 64)
    assert make_map(finished, None, 64, 64) == finished
    assert make_map(finished, None, 32, 32) == fit_picture(finished, 32, 32)


def test_notes_of_the_source_the_fitting_and_the_annotator_stand_once_each() -> None:
    drawing = Picture(np.full((100, 200, 3), 255, np.uint8)).with_notes("Turned upright.")
    made = make_map(drawing, Scribble(), 64, 64)
    assert made.notes == (
        "Turned upright.",
        "The guide (200 x 100) was cropped from its middle to 64 x 64.",
        "Dark lines on light paper were turned into light lines on black.",
        EMPTY_NOTE,
    )


@pytest.mark.parametrize("annotator", [Scribble(), Canny(), None])
def test_only_an_empty_map_is_called_empty(annotator: Annotator | None) -> None:
    black, white = (Picture(np.full((64, 64, 3), value, np.uint8)) for value in (0, 255))
    assert EMPTY_NOTE in make_map(black, annotator, 64, 64).notes
    assert (EMPTY_NOTE in make_map(white, annotator, 64, 64).notes) == (annotator is not None)
    assert EMPTY_NOTE not in make_map(noise(64, 64), annotator, 64, 64).notes


def test_the_same_question_gets_the_same_object() -> None:
    cache, photo = MapCache(), noise(64, 64)
    made = cache.get(photo, Canny(), 64, 64)
    assert cache.get(Picture(photo.pixels), Canny(low=100), 64, 64) is made
    for other in (
        cache.get(photo, Canny(low=101), 64, 64),
        cache.get(photo, Scribble(), 64, 64),
        cache.get(photo, None, 64, 64),
        cache.get(photo, Canny(), 64, 80),
        cache.get(noise(64, 64, 1), Canny(), 64, 64),
    ):
        assert other is not made
    assert cache.get(photo, Canny(), 64, 64) is made


def test_an_annotator_runs_once_for_a_source_and_a_size() -> None:
    cache, counting = MapCache(), Counting()
    for _ in range(3):
        cache.get(noise(64, 64), counting, 64, 64)
    assert len(counting._seen) == 1
    cache.get(noise(64, 64), counting, 32, 32)
    assert len(counting._seen) == 2


def test_the_least_recently_used_map_goes_first() -> None:
    cache, counting = MapCache(capacity=2), Counting()
    first, second, third = (noise(32, 32, seed) for seed in range(3))
    kept = cache.get(first, counting, 32, 32)
    dropped = cache.get(second, counting, 32, 32)
    assert cache.get(first, counting, 32, 32) is kept  # used again, so the second is the oldest now
    cache.get(third, counting, 32, 32)
    assert len(counting._seen) == 3
    assert cache.get(first, counting, 32, 32) is kept
    assert cache.get(second, counting, 32, 32) is not dropped
    assert len(counting._seen) == 4


def test_two_threads_that_ask_at_once_share_one_map() -> None:
    cache, counting = MapCache(), Counting()
    counting._barrier = threading.Barrier(2)  # both are inside the annotator before either has its map
    made: list[Picture] = []
    threads = [threading.Thread(target=lambda: made.append(cache.get(noise(32, 32), counting, 32, 32))) for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(counting._seen) == 2
    assert made[0] is made[1]


def test_what_an_annotator_raises_is_not_remembered() -> None:
    class Failing(Counting):
        def __call__(self, picture: Picture) -> Picture:
            super().__call__(picture)
            if len(self._seen) == 1:
                raise MemoryError
            return Picture(picture.pixels)

    cache, failing = MapCache(), Failing()
    with pytest.raises(MemoryError):
        cache.get(noise(32, 32), failing, 32, 32)
    assert cache.get(noise(32, 32), failing, 32, 32).size == (32, 32)
