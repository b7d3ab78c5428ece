"""One worker owns the device: requests in, runs out, one at a time, in order; saved before they are shown."""

from __future__ import annotations

import logging
import queue
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Literal

from core.errors import Busy, Cancelled, NotFound, UserError, describe
from core.files import DataFolder
from pipeline.events import Failed, Finished, Queued, Result, Started, Stopped
from pipeline.library import Library
from pipeline.maps import MapCache
from pipeline.outputs import Outputs
from pipeline.request import GenerationRequest
from pipeline.resolve import resolve
from pipeline.run import Run

if TYPE_CHECKING:
    from pipeline.runner import Runner

log = logging.getLogger(__name__)

MAX_WAITING = 16
MAX_REMEMBERED = 50  # runs that are over
MAX_BYTES_REMEMBERED = 256 * 1024 * 1024  # of pictures in memory that are on disk as well

Readiness = Literal["starting", "ready", "broken"]


class Engine:
    """Accepts requests from any thread and runs them on its own.

    torch and diffusers are imported by the worker, after `start`, so that the page is there long before them.
    """

    def __init__(
        self,
        data: DataFolder,
        device: Literal["auto", "cuda", "mps", "cpu"] = "auto",
        library: Library | None = None,
    ) -> None:
        self.library = library or Library()
        self.maps = MapCache()
        self.outputs = Outputs(data.outputs)
        self.storage_problem = data.check_outputs()  # a sentence, while pictures cannot be saved
        self._device: Literal["auto", "cuda", "mps", "cpu"] = device
        self._waiting: queue.Queue[Run | None] = queue.Queue()
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._lock = threading.Lock()
        self._runner: Runner | None = None
        self._worker = threading.Thread(target=self._work, name="engine", daemon=True)
        self.readiness: Readiness = "starting"
        self.device_label = ""
        self.problem: str | None = None  # a sentence, when readiness is "broken"

    def start(self) -> None:
        """Start the worker: it loads torch, then the first base, then runs what is asked."""
        self._worker.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Cancel everything and wait for the worker, at most `timeout` seconds."""
        with self._lock:
            for run in self._runs.values():
                run.cancel()
        self._waiting.put(None)
        if self._worker.is_alive():
            self._worker.join(timeout)

    def submit(self, request: GenerationRequest, notes: tuple[str, ...] = ()) -> Run:
        """Queue a request and return its run at once; `notes` are sentences that go with its result.

        Raises:
            BadRequest: the request names what is not there.
            Busy: sixteen others are waiting.
        """
        resolved, more = resolve(request, self.library)
        run = Run(resolved, notes + more, request.preview_every)
        with self._lock:
            if sum(1 for other in self._runs.values() if other.state == "queued") >= MAX_WAITING:
                raise Busy(f"{MAX_WAITING} pictures are waiting already. Stop some, or wait a moment.")
            run.emit(Queued(waiting_for=self._what_is_before()))
            self._runs[run.id] = run
            self._forget_old()
        self._waiting.put(run)
        return run

    def find(self, run_id: str) -> Run:
        """Return the run with this id.

        Raises:
            NotFound: there is none, or it was made before the program was last started.
        """
        with self._lock:
            run = self._runs.get(run_id)
        if run is None:
            raise NotFound("There is no run of that id; it may be from before the program was last started.")
        return run

    def cancel(self, run_id: str) -> Run:
        """Ask a run to end within one step; one that has not begun ends at once.

        Raises:
            NotFound: there is no such run.
        """
        run = self.find(run_id)
        run.cancel()
        if run.state == "queued":
            run.emit(Stopped())
        return run

    def _what_is_before(self) -> str | None:
        if self.readiness == "starting":
            return "the models are loading"
        if any(not run.is_over for run in self._runs.values()):
            return "another picture is being made"
        return None

    def _forget_old(self) -> None:
        """Drop the oldest runs that are over, beyond a number and a size, except what is nowhere on disk."""
        over = [run for run in self._runs.values() if run.is_over and run.is_on_disk]
        held = sum(run.bytes_held for run in over)
        for number, run in enumerate(over[:-1]):  # the newest always stays
            if len(over) - number <= MAX_REMEMBERED and held <= MAX_BYTES_REMEMBERED:
                break
            held -= run.bytes_held
            del self._runs[run.id]

    def _work(self) -> None:
        self._get_ready()
        while (run := self._waiting.get()) is not None:
            if run.is_over:
                continue
            try:
                if self._runner is None:
                    self._get_ready()  # the person may have mended what was missing
                self._run(run)
            except Cancelled:
                run.emit(Stopped())
            except BaseException as error:  # the worker must outlive whatever a run does
                run.emit(Failed(error=describe(error)))

    def _get_ready(self) -> None:
        """Import torch and load the first base; say what is wrong if that fails."""
        try:
            from pipeline.runner import Runner

            runner = Runner(self.library, self.maps, self._device)
            self.device_label = runner.plan.label
            runner.warm_up(self.library.bases[0].id)
        except BaseException as error:
            self.problem, self.readiness = describe(error), "broken"
            return
        self._runner = runner
        self.problem, self.readiness = None, "ready"
        log.info("ready on %s", self.device_label)

    def _run(self, run: Run) -> None:
        if self._runner is None:
            raise UserError(self.problem or "The models could not be loaded.")
        run.check()
        run.emit(Started(request=run.request, notes=run.notes))
        result = self._runner.execute(run.request, run.emit, run.check, run.preview_every)
        run.check()
        run.emit(Finished(result=self._save(run, result)))

    def _save(self, run: Run, result: Result) -> Result:
        """On disk before on screen; a picture that could not be saved stays in the result all the same."""
        names, problems = self.outputs.save(result, run.id)
        self.storage_problem = problems[0] if problems else None
        notes = (*run.notes, *result.notes, *problems)
        return result.model_copy(update={"files": tuple(names), "notes": tuple(dict.fromkeys(notes))})
