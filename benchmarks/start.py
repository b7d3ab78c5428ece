"""How long a person waits after starting the program: until the page is there, and until pictures can be made.

`python app.py` is started on a free port with an empty data folder, and timed until GET / answers 200 and then until
/api/v1/health says ready (torch and the built-in model are loaded). In turns with it, in ABBA order, runs
`python -c "import gradio"` alone, timed until the import is done: what any program on Gradio pays at least. The goal is
at most 1.5 s more than that.

Where the environment was made by launch.py, `python launch.py` is timed as well, to the same answer.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import launch
from benchmarks.measure import difference_of, make_parser, report, say, summarize
from benchmarks.program import running_program, wait_until_ready

GOAL_SECONDS = 1.5
IMPORT = "import gradio; print('done', flush=True)"


@dataclass
class Starts:
    """Seconds from the start of the process, one entry a start."""

    said: list[float] = field(default_factory=list)  # it has printed its address
    page: list[float] = field(default_factory=list)  # GET / has answered
    ready: list[float] = field(default_factory=list)  # the models are loaded

    def start(self, launcher: str) -> None:
        with running_program(launcher=launcher) as program, program.client() as client:
            self.said.append(program.seconds_since_start())
            client.get("/").raise_for_status()
            self.page.append(program.seconds_since_start())
            wait_until_ready(client)
            self.ready.append(program.seconds_since_start())

    def summary(self) -> dict[str, Any]:
        return {name: summarize(getattr(self, name)) for name in ("said", "page", "ready")}


def time_gradio() -> float:
    """Seconds until a fresh Python has imported gradio."""
    begun = time.perf_counter()
    environment = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False"}  # as app.py sets it
    with subprocess.Popen([sys.executable, "-c", IMPORT], stdout=subprocess.PIPE, env=environment) as child:
        assert child.stdout is not None
        child.stdout.readline()
        seconds = time.perf_counter() - begun
    if child.returncode != 0:
        raise SystemExit("import gradio failed")
    return seconds


def measure(options: argparse.Namespace) -> dict[str, Any]:
    launched = options.launch and launch.Environment().has("base")
    for _ in range(options.warm_ups):  # files into the system's cache, bytecode onto the disk
        time_gradio()
        Starts().start("app.py")
    app, by_launch, gradio = Starts(), Starts(), []
    for number in range(options.rounds):
        app.start("app.py")
        gradio += [time_gradio(), time_gradio()]
        app.start("app.py")
        if launched:
            by_launch.start("launch.py")
        say(f"round {number + 1}: page {app.page[-2]:.2f} and {app.page[-1]:.2f} s, gradio {gradio[-1]:.2f} s")
    results = {"app": app.summary(), "import_gradio": summarize(gradio), "goal_seconds": GOAL_SECONDS}
    results["page_less_import_gradio"] = difference_of(app.page, gradio)
    if launched:
        results["launch"] = by_launch.summary()
        results["launch_less_app"] = difference_of(by_launch.said, app.said)
    extra = results["page_less_import_gradio"]
    say(
        f"page {results['app']['page']['median']:.2f} s, import gradio {results['import_gradio']['median']:.2f} s: "
        f"{extra['median']:.2f} s more [{extra['ci95'][0]:.2f}, {extra['ci95'][1]:.2f}], goal {GOAL_SECONDS}; "
        f"ready after {results['app']['ready']['median']:.2f} s"
    )
    return results


def main(arguments: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of app-gradio-gradio-app (default: 5)")
    parser.add_argument("--warm-ups", type=int, default=1, help="starts before the clock counts (default: 1)")
    parser.add_argument("--launch", action=argparse.BooleanOptionalAction, default=True, help="time launch.py as well")
    options = parser.parse_args(arguments)
    return report("start", options, lambda: measure(options))


if __name__ == "__main__":
    raise SystemExit(main())
