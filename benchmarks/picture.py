"""Seconds for one picture with the built-in model at its defaults, and the memory of the whole program.

The program runs as a person starts it (`app.py`, two threads of torch); pictures are asked for over the REST API, with
and without previews in turns. `engine` is the time by the result's own clock, `client` what passes between asking and
having the whole picture. The goal is 2 s for a picture.

Memory is that of the one process, everything resident (RSS), looked at every 20 ms: `now` and the highest so far, after
the page is there, after the models are loaded, and after the first ten pictures. On Linux the highest is the kernel's
own count (VmHWM), which misses nothing. The goal is 1.5 GB.
"""

from __future__ import annotations

import argparse
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.measure import difference_of, make_parser, report, say, summarize
from benchmarks.program import Program, fetch_picture, run_body, running_program, start_run, wait_until_ready, watch_run

GOAL_SECONDS, GOAL_GB = 2.0, 1.5
PICTURES_FOR_MEMORY = 10
PAUSE = 0.02  # seconds between two looks


class MemoryWatch:
    """Looks at the resident memory of a process, again and again in a thread of its own."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._highest = 0
        self._end = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while not self._end.wait(PAUSE):
            try:
                self._highest = max(self._highest, self._process.memory_info().rss)
            except psutil.Error:
                return

    def look(self) -> dict[str, float]:
        """GB (10^9 bytes) resident now, and the most there ever was."""
        now = self._process.memory_info().rss
        highest = max(self._highest, now, _kernels_peak(self._process.pid))
        return {"now_gb": round(now / 1e9, 3), "peak_gb": round(highest / 1e9, 3)}

    def stop(self) -> None:
        self._end.set()


def _kernels_peak(pid: int) -> int:
    """The highest resident size in bytes as Linux counts it; 0 elsewhere."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


def make_picture(client: httpx.Client, body: dict[str, Any]) -> dict[str, float]:
    """Make one picture and return the seconds of each stage, the engine's `total`, and the `client`'s wait."""
    begun = time.perf_counter()
    result = watch_run(client, start_run(client, body))
    fetch_picture(client, result)
    return {**result["seconds"], "client": time.perf_counter() - begun}


def measure(options: argparse.Namespace) -> dict[str, Any]:
    with running_program(threads=options.threads) as program, program.client() as client:
        return _measure(program, client, options.rounds)


def _measure(program: Program, client: httpx.Client, rounds: int) -> dict[str, Any]:
    watch = MemoryWatch(program.process)
    bodies = {"previews": run_body(previews=True), "no_previews": run_body(previews=False)}
    client.get("/").raise_for_status()
    memory = {"page": watch.look()}
    wait_until_ready(client)
    memory["ready"] = watch.look()
    first = make_picture(client, bodies["previews"])  # also loads the control network
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in bodies}
    order = list(bodies)
    for number in range(max(2 * rounds, PICTURES_FOR_MEMORY - 1)):
        name = order[number % 2] if number // 2 % 2 == 0 else order[1 - number % 2]
        taken[name].append(make_picture(client, bodies[name]))
        if number + 2 == PICTURES_FOR_MEMORY:
            memory["ten_pictures"] = watch.look()
    memory["end"] = watch.look()
    watch.stop()
    return _summarize(memory, first, taken)


def _summarize(
    memory: dict[str, Any], first: dict[str, float], taken: dict[str, list[dict[str, float]]]
) -> dict[str, Any]:
    results: dict[str, Any] = {"goals": {"seconds": GOAL_SECONDS, "gb": GOAL_GB}, "memory": memory, "first": first}
    for name, pictures in taken.items():
        results[name] = {
            "engine": summarize([one["total"] for one in pictures]),
            "client": summarize([one["client"] for one in pictures]),
            "stages": {
                stage: summarize([one[stage] for one in pictures])["median"]
                for stage in pictures[0]
                if stage not in ("total", "client")
            },
        }
        seconds = results[name]["client"]
        say(f"{name}: {seconds['median']:.3f} s [{seconds['ci95'][0]:.3f}, {seconds['ci95'][1]:.3f}]")
    with_them, without = ([one["total"] for one in taken[name]] for name in ("previews", "no_previews"))
    results["previews_cost"] = difference_of(with_them, without)
    say("memory: " + ", ".join(f"{name} {look['now_gb']} GB (peak {look['peak_gb']})" for name, look in memory.items()))
    return results


def main(arguments: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="pictures with and without previews each (default: 10)")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch (default: 2)")
    options = parser.parse_args(arguments)
    return report("picture", options, lambda: measure(options))


if __name__ == "__main__":
    raise SystemExit(main())
