"""What the server adds to a picture: from the request leaving the client to the whole PNG being there.

`added` is the seconds a client waits less the seconds the engine says the picture took (`seconds.total` of the result:
annotator, text, steps, autoencoder). So it does not depend on how fast the model is. What is left is: reading and
checking the request, handing it to the worker, writing the file to the disk (before it is shown), the event stream
and the way back. Three ways to ask for the same picture take turns:

* `engine`: `Engine.submit` and `Run.wait` in this process, then the saved file is read: no server at all.
* `rest`: POST /api/v1/runs, the event stream to `finished`, GET of the picture.
* `page`: the page's own button through Gradio, POST /gradio_api/run/predict with the values of the whole form; then the
  same stream and GET.

`saving` is what writing the file takes by itself (PNG with the guide inside, synchronised with the disk): part of all
three.

The server is a process of its own, so that the client does not share its interpreter lock; it does share its cores, as
a browser would. The goal is less than 30 ms for `rest` and `page`. `server_alone` is what is left of them when the
engine's own part is taken away.
"""

from __future__ import annotations

import argparse
import secrets
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.measure import difference_of, make_parser, report, say, summarize
from benchmarks.program import (
    ProgramFailed,
    fetch_picture,
    run_body,
    running_program,
    start_run,
    wait_until_ready,
    watch_run,
)
from core.files import DataFolder
from pipeline.engine import Engine
from pipeline.events import Result
from pipeline.request import GenerationRequest
from pipeline.run import Run

GOAL_MS = 30.0


@dataclass(frozen=True)
class Waited:
    """Milliseconds of one picture, as a client sees them."""

    asked: float  # until the run had an id
    fetched: float  # the picture itself, after `finished`
    added: float  # the whole wait, less what the engine spent on the picture

    @classmethod
    def measure(
        cls, ask: Callable[[], Any], watch: Callable[[Any], dict[str, Any]], fetch: Callable[[Any], bytes]
    ) -> Waited:
        """Go the whole way: `ask` for a run, `watch` it to its result, `fetch` the picture."""
        begun = time.perf_counter()
        run = ask()
        asked = time.perf_counter()
        result = watch(run)
        finished = time.perf_counter()
        picture = fetch(result)
        ended = time.perf_counter()
        if not picture.startswith(b"\x89PNG"):
            raise ProgramFailed("The picture is no PNG.")
        added = ended - begun - result["seconds"]["total"]
        return cls(asked=1000 * (asked - begun), fetched=1000 * (ended - finished), added=1000 * added)


Way = Callable[[], Waited]


class EngineHere:
    """The engine in this process, without any server."""

    def __init__(self, engine: Engine, body: dict[str, Any]) -> None:
        self._engine = engine
        self._request = GenerationRequest.model_validate(body)
        self._result: Result | None = None

    def go(self) -> Waited:
        return Waited.measure(lambda: self._engine.submit(self._request), self._watch, self._read)

    def _watch(self, run: Run) -> dict[str, Any]:
        if run.wait() != "finished" or run.result is None:
            raise ProgramFailed(f"The run was {run.state}: {run.error}")
        self._result = run.result
        return {"seconds": run.result.seconds, "file": run.result.files[0]}

    def _read(self, result: dict[str, Any]) -> bytes:
        return self._engine.outputs.read(result["file"])

    def save_again(self, number: int) -> float:
        """Milliseconds of writing the last result once more, under another name."""
        assert self._result is not None
        begun = time.perf_counter()
        names, problems = self._engine.outputs.save(self._result, f"{number:06d}")
        ended = time.perf_counter()
        if problems or None in names:
            raise ProgramFailed(f"The picture could not be saved: {problems}")
        return 1000 * (ended - begun)


@contextmanager
def engine_here(body: dict[str, Any]) -> Iterator[EngineHere]:
    """An engine with an empty data folder, stopped afterwards."""
    with tempfile.TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as folder:
        data = DataFolder(Path(folder))
        data.prepare()
        engine = Engine(data, "cpu")
        engine.start()
        try:
            yield EngineHere(engine, body)
        finally:
            engine.stop()


def rest_way(client: httpx.Client, body: dict[str, Any]) -> Way:
    return lambda: Waited.measure(
        lambda: start_run(client, body),
        lambda run_id: watch_run(client, run_id),
        lambda result: fetch_picture(client, result),
    )


def page_way(client: httpx.Client, body: dict[str, Any]) -> Way:
    """Press Generate as the page does: the values of all components of the form, in the order of its configuration."""
    config = client.get("/config").raise_for_status().json()
    components = {component["id"]: component["props"] for component in config["components"]}
    button = next(number for number, props in components.items() if props.get("elem_id") == "generate")
    index, inputs = next(
        (number, dependency["inputs"])
        for number, dependency in enumerate(config["dependencies"])
        if [button, "click"] in dependency["targets"]
    )
    drawing = {"mode": "draw", "image": "data:image/png;base64," + body["controls"][0]["source"], "rev": 1}
    filled = {"canvas": drawing, "prompt": body["prompt"], "seed": body["seed"], "keep-seed": True}
    values = [filled.get(components[number].get("elem_id"), components[number].get("value")) for number in inputs]
    press = {"data": values, "fn_index": index, "trigger_id": button, "session_hash": secrets.token_hex(5)}

    def ask() -> str:
        shown = client.post("/gradio_api/run/predict", json=press).raise_for_status().json()["data"][0]
        if "run" not in shown:
            raise ProgramFailed(f"The page answered {shown}")
        return shown["run"]

    return lambda: Waited.measure(
        ask, lambda run_id: watch_run(client, run_id), lambda result: fetch_picture(client, result)
    )


def measure(options: argparse.Namespace) -> dict[str, Any]:
    import torch

    torch.set_num_threads(options.threads)
    body = run_body(previews=options.previews, **({"steps": options.steps} if options.steps else {}))
    with ExitStack() as stack:
        program = stack.enter_context(running_program(threads=options.threads))
        client = stack.enter_context(program.client())
        wait_until_ready(client)
        here = stack.enter_context(engine_here(body))
        ways = {"engine": here.go, "rest": rest_way(client, body), "page": page_way(client, body)}
        waited = take_turns(ways, options.rounds, options.warm_ups)
        saving = summarize([here.save_again(number) for number in range(options.rounds)])
    say(f"saving: {saving['median']:.1f} ms, in each of them")
    return {"saving": saving, **summarize_ways(waited)}


def take_turns(ways: dict[str, Way], rounds: int, warm_ups: int) -> dict[str, list[Waited]]:
    """All ways in turns, each round in the opposite order of the one before."""
    for way in list(ways.values()) * warm_ups:
        way()
    waited: dict[str, list[Waited]] = defaultdict(list)
    order = list(ways)
    for _ in range(rounds):
        for name in order:
            waited[name].append(ways[name]())
        order.reverse()
    return waited


def summarize_ways(waited: dict[str, list[Waited]]) -> dict[str, Any]:
    results: dict[str, Any] = {"unit": "milliseconds", "goal": GOAL_MS}
    for name, all_of_it in waited.items():
        parts = ("added", "asked", "fetched")
        results[name] = {part: summarize([getattr(one, part) for one in all_of_it]) for part in parts}
        added, goal = results[name]["added"], "" if name == "engine" else f", goal {GOAL_MS:g}"
        say(f"{name}: {added['median']:.1f} ms added [{added['ci95'][0]:.1f}, {added['ci95'][1]:.1f}]{goal}")
    own = [one.added for one in waited["engine"]]
    results["server_alone"] = {
        name: difference_of([one.added for one in waited[name]], own) for name in waited if name != "engine"
    }
    return results


def main(arguments: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="pictures by each way (default: 20)")
    parser.add_argument("--warm-ups", type=int, default=2, help="pictures by each way before (default: 2)")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch, there and here (default: 1)")
    parser.add_argument("--steps", type=int, help="instead of the model's own number")
    parser.add_argument("--previews", action=argparse.BooleanOptionalAction, default=True, help="at every step")
    options = parser.parse_args(arguments)
    return report("overhead", options, lambda: measure(options))


if __name__ == "__main__":
    raise SystemExit(main())
