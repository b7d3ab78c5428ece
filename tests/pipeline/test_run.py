"""The log of a run: read by any number of watchers, from anywhere in it, at any time."""

from __future__ import annotations

import threading

import pytest

from core.errors import Cancelled
from pipeline.events import Event, Failed, Finished, Preview, Queued, Started, Step, Stopped
from pipeline.run import Run
from tests.pipeline.samples import noise, resolved, result_of

WAIT = 30  # seconds


def new_run(*events: Event) -> Run:
    run = Run(resolved(), notes=("said at the door",), preview_every=1)
    for event in events:
        run.emit(event)
    return run


def step(number: int) -> Step:
    return Step(step=number, steps=3)


def preview(number: int) -> Preview:
    return Preview(step=number, picture=noise(16, 16, number))


def started() -> Started:
    return Started(request=resolved())


def finished(*files: str | None) -> Finished:
    result = result_of(resolved(count=max(1, len(files))))
    return Finished(result=result.model_copy(update={"files": files}))


ENDS = [finished("a.png"), Failed(error="no"), Stopped()]
ALIVE = [Queued(), started(), step(1), preview(1), step(2)]


def test_states_follow_the_events() -> None:
    run = new_run()
    assert (run.state, run.is_over, run.last_event) == ("queued", False, None)
    for event, state in ((Queued(), "queued"), (started(), "running"), (step(1), "running"), (preview(1), "running")):
        run.emit(event)
        assert (run.state, run.is_over, run.last_event) == (state, False, event)


@pytest.mark.parametrize("end", ENDS, ids=lambda event: event.kind)
def test_after_the_end_nothing_follows(end: Event) -> None:
    run = new_run(*ALIVE, end)
    assert run.state == end.kind and run.is_over
    before = list(run.events())
    for late in (step(3), preview(3), *ENDS, started()):
        run.emit(late)
    assert list(run.events()) == before
    assert run.state == end.kind
    assert run.last_event == end


def test_result_and_error_belong_to_their_ends() -> None:
    good, bad = new_run(*ALIVE, finished("a.png")), new_run(*ALIVE, Failed(error="no room"))
    assert good.result == finished("a.png").result and good.error is None
    assert bad.error == "no room" and bad.result is None
    assert new_run(*ALIVE).result is None and new_run(*ALIVE).error is None


def test_two_runs_have_different_ids() -> None:
    assert len({new_run().id for _ in range(100)}) == 100


def test_a_late_watcher_sees_it_all() -> None:
    run = new_run(*ALIVE, ENDS[0])
    assert [event for _, event in run.events()] == [*ALIVE, ENDS[0]]
    assert [index for index, _ in run.events()] == list(range(6))


@pytest.mark.parametrize("after", range(-1, 8))
def test_a_watcher_goes_on_where_it_was(after: int) -> None:
    run = new_run(*ALIVE, ENDS[0])
    assert list(run.events(after)) == [pair for pair in run.events() if pair[0] > after]


def test_of_the_previews_only_the_newest_is_kept() -> None:
    run = new_run(Queued(), started(), step(1), preview(1), step(2), preview(2), step(3), preview(3))
    seen = run.news(0)[0]
    assert [event.kind for _, event in seen] == ["queued", "started", "step", "step", "step", "preview"]
    assert [index for index, _ in seen] == [0, 1, 2, 4, 6, 7]  # what goes leaves its number behind
    assert seen[-1][1] == preview(3)
    assert run.news(4)[0] == seen[3:]


def test_who_waits_at_a_preview_that_went_gets_the_newer_one() -> None:
    run = new_run(started(), preview(1))
    assert list(run.news(1)[0]) == [(1, preview(1))]
    run.emit(preview(2))
    assert run.news(1)[0] == [(2, preview(2))]


def test_every_watcher_sees_the_same_while_it_happens() -> None:
    run = new_run()
    seen: list[list[tuple[int, Event]]] = [[] for _ in range(4)]
    ready = threading.Barrier(5)

    def watch(mine: list[tuple[int, Event]]) -> None:
        ready.wait(WAIT)
        mine += run.events(timeout=WAIT)

    threads = [threading.Thread(target=watch, args=(mine,)) for mine in seen]
    for thread in threads:
        thread.start()
    ready.wait(WAIT)
    events = [Queued(), started(), *(step(number) for number in range(200)), ENDS[0]]
    for event in events:
        run.emit(event)
    for thread in threads:
        thread.join(WAIT)
    assert seen == [list(enumerate(events))] * 4


def test_a_watcher_wakes_at_once_when_something_happens() -> None:
    run, woken = new_run(Queued()), threading.Event()
    news: list = []

    def watch() -> None:
        news.extend(run.news(1, timeout=WAIT)[0])
        woken.set()

    thread = threading.Thread(target=watch)
    thread.start()
    run.emit(started())
    assert woken.wait(WAIT / 2)  # half of what it would wait by itself
    thread.join(WAIT)
    assert news == [(1, started())]


def test_without_news_watching_ends_after_the_timeout() -> None:
    run = new_run(*ALIVE)
    assert list(run.events(timeout=0.01)) == list(enumerate(ALIVE))
    assert list(run.events(after=4, timeout=0.01)) == []
    assert run.news(5, timeout=0) == ([], False)
    assert run.news(10_000, timeout=0) == ([], False)


def test_a_run_that_is_over_never_makes_anyone_wait() -> None:
    run = new_run(*ALIVE, ENDS[0])
    assert run.news(6, timeout=None) == ([], True)
    assert list(run.events(after=99, timeout=None)) == []
    assert run.wait(timeout=None) == "finished"


def test_waiting_ends_with_the_run_or_the_timeout() -> None:
    run = new_run(*ALIVE)
    assert run.wait(timeout=0) == "running"
    assert run.wait(timeout=0.01) == "running"
    threading.Thread(target=run.emit, args=(Stopped(),)).start()
    assert run.wait(timeout=WAIT) == "cancelled"


def test_cancelling_is_heard_at_the_next_check() -> None:
    run = new_run(*ALIVE)
    run.check()
    run.cancel()
    run.cancel()
    with pytest.raises(Cancelled):
        run.check()
    assert run.state == "running"  # until the worker says so


def test_what_would_be_lost() -> None:
    assert new_run(*ALIVE).is_on_disk
    assert new_run(*ALIVE, Failed(error="no")).is_on_disk
    assert new_run(*ALIVE, finished("a.png", "b.png")).is_on_disk
    assert not new_run(*ALIVE, finished("a.png", None)).is_on_disk


def test_bytes_held_are_those_of_the_pictures() -> None:
    assert new_run(*ALIVE).bytes_held == 0
    assert new_run(*ALIVE, finished("a.png", "b.png")).bytes_held == 2 * 64 * 64 * 3
