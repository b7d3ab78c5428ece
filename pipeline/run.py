"""One run: an append-only log of events that any number of watchers read, from anywhere in it, at any time."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from typing import Literal

from core.errors import Cancelled
from pipeline.events import Event, Failed, Finished, Preview, Queued, Result, Started, Stopped
from pipeline.request import ResolvedRequest

State = Literal["queued", "running", "finished", "failed", "cancelled"]

STATES: dict[type, State] = {
    Queued: "queued",
    Started: "running",
    Finished: "finished",
    Failed: "failed",
    Stopped: "cancelled",
}


class Run:
    """A request on its way. Made by the engine; watched by anyone."""

    def __init__(self, request: ResolvedRequest, notes: tuple[str, ...], preview_every: int) -> None:
        self.id = secrets.token_hex(8)
        self.request = request
        self.notes = notes
        self.preview_every = preview_every
        self.state: State = "queued"
        self._events: list[Event | None] = []
        self._news = threading.Condition()
        self._cancelled = threading.Event()

    def emit(self, event: Event) -> None:
        """Append an event; of the previews only the newest is kept, so that a run's memory stays small."""
        with self._news:
            if self.is_over:
                return
            if isinstance(event, Preview):
                self._events = [None if isinstance(old, Preview) else old for old in self._events]
            self.state = STATES.get(type(event), self.state)
            self._events.append(event)
            self._news.notify_all()

    @property
    def is_over(self) -> bool:
        return self.state in ("finished", "failed", "cancelled")

    @property
    def last_event(self) -> Event | None:
        with self._news:
            return self._events[-1] if self._events else None

    @property
    def result(self) -> Result | None:
        event = self.last_event
        return event.result if isinstance(event, Finished) else None

    @property
    def error(self) -> str | None:
        event = self.last_event
        return event.error if isinstance(event, Failed) else None

    def events(self, after: int = -1, timeout: float | None = None) -> Iterator[tuple[int, Event]]:
        """Yield (index, event) for every event after index `after`, waiting for new ones until the run is over.

        Ends early when `timeout` seconds pass without news; call again with the last index to go on.
        """
        index = after + 1
        while True:
            fresh, over = self.news(index, timeout)
            yield from fresh
            if over or not fresh:
                return
            index = fresh[-1][0] + 1

    def news(self, start: int, timeout: float | None = 0) -> tuple[list[tuple[int, Event]], bool]:
        """Return the events from index `start` on, and whether the run is over; wait `timeout` seconds for one."""
        with self._news:
            self._news.wait_for(lambda: len(self._events) > start or self.is_over, timeout)
            events = [(i, event) for i, event in enumerate(self._events) if i >= start and event is not None]
            return events, self.is_over

    @property
    def bytes_held(self) -> int:
        """Memory that the pictures of the result hold, in bytes."""
        return sum(picture.pixels.nbytes for picture in self.result.pictures) if self.result else 0

    @property
    def is_on_disk(self) -> bool:
        """Whether nothing would be lost if this run were forgotten."""
        return self.result is None or None not in self.result.files

    def cancel(self) -> None:
        """Ask the run to end; the worker does so within one step. Does nothing to a run that is over."""
        self._cancelled.set()

    def check(self) -> None:
        """Raise `Cancelled` if someone asked the run to end."""
        if self._cancelled.is_set():
            raise Cancelled

    def wait(self, timeout: float | None = None) -> State:
        """Wait until the run is over, or `timeout` seconds, and return its state."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._news:
            self._news.wait_for(
                lambda: self.is_over, None if deadline is None else max(0.0, deadline - time.monotonic())
            )
            return self.state
