"""The whole program in a process of its own, and a client that uses it over HTTP as the page does."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx
import psutil

from core.files import REPOSITORY
from core.picture import Picture
from starter.drawing import draw_by_hand
from starter.scenes import Scene, render_scene

TIMEOUT = 600.0  # seconds; only a program that hangs takes that long
HEALTH_PAUSE = 0.02  # seconds between two questions, so that asking does not slow the loading down
FIRST_UNSEEN_SEED = 10_000_000  # scenes from here on took no part in training


class ProgramFailed(Exception):
    """The program ended, or answered with something else than what was asked."""


@dataclass(frozen=True)
class Program:
    """A running `app.py`. `begun` is the `time.perf_counter()` just before it was started."""

    process: psutil.Process
    url: str
    begun: float

    def client(self) -> httpx.Client:
        """An HTTP client that keeps its connection, as a browser does, and knows no proxy.

        It speaks plain HTTP to this machine alone; `verify=False` spares it the reading of certificates, which would
        be counted as waiting for the page.
        """
        return httpx.Client(base_url=self.url, timeout=TIMEOUT, trust_env=False, verify=False)

    def seconds_since_start(self) -> float:
        return time.perf_counter() - self.begun


@contextlib.contextmanager
def running_program(threads: int | None = None, launcher: str = "app.py") -> Iterator[Program]:
    """Start the program on a free port with an empty data folder, and end it afterwards.

    It is yielded as soon as it has said its address, which is before it answers. `threads` limits those of torch.

    Raises:
        ProgramFailed: it ended instead.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as folder:
        flags = ["--no-browser", "--port", "0", "--device", "cpu", "--data-dir", folder]
        command = [sys.executable, str(REPOSITORY / launcher), *flags]
        environment = dict(os.environ)
        if threads:
            environment["OMP_NUM_THREADS"] = str(threads)
        with (Path(folder) / "stderr.txt").open("w+", encoding="utf-8") as complaints:
            begun = time.perf_counter()
            with subprocess.Popen(
                command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=complaints, text=True
            ) as started:
                try:
                    yield Program(psutil.Process(started.pid), _read_url(started, complaints), begun)
                finally:
                    _end(started)


def _read_url(started: subprocess.Popen[str], complaints: IO[str]) -> str:
    """The address in the line that the program says when it listens."""
    assert started.stdout is not None
    for line in started.stdout:
        for word in line.split():
            if word.startswith("http://"):
                return word.rstrip("/")
    complaints.seek(0)
    raise ProgramFailed(f"The program ended with exit code {started.wait()}: {complaints.read()[-2000:]}")


def _end(started: subprocess.Popen[str]) -> None:
    started.terminate()
    try:
        started.wait(30)
    except subprocess.TimeoutExpired:
        started.kill()
        started.wait()


def wait_until_ready(client: httpx.Client) -> None:
    """Return when the models are loaded.

    Raises:
        ProgramFailed: they cannot be.
    """
    while (health := client.get("/api/v1/health").raise_for_status().json())["state"] != "ready":
        if health["state"] == "broken":
            raise ProgramFailed(health["problem"])
        time.sleep(HEALTH_PAUSE)


def example_scene() -> Scene:
    """The scene that single pictures are timed with."""
    return render_scene(FIRST_UNSEEN_SEED)


def example_drawing(scene: Scene) -> Picture:
    """The scene as a person would have drawn it: dark lines on white paper, as the page's canvas sends them."""
    drawn = draw_by_hand(scene.outline, scene.seed, scene.sun_rays)
    return Picture(255 - drawn.pixels)


def run_body(previews: bool = True, **fields: Any) -> dict[str, Any]:
    """The JSON of `POST /api/v1/runs` for one picture of the example with the built-in model at its defaults."""
    scene = example_scene()
    source = base64.b64encode(example_drawing(scene).to_png()).decode("ascii")
    guide = {"control": "starter/scribble", "source": source, "annotator": {"kind": "scribble"}}
    body = {"prompt": scene.caption, "controls": [guide], "seed": 4711, "preview_every": 1 if previews else 0}
    return {**body, **fields}


def start_run(client: httpx.Client, body: dict[str, Any]) -> str:
    """Ask for a run and return its id."""
    return client.post("/api/v1/runs", json=body).raise_for_status().json()["id"]


def watch_run(client: httpx.Client, run_id: str) -> dict[str, Any]:
    """Read the events of a run to the last, and return the result of the finished one.

    Raises:
        ProgramFailed: it did not finish.
    """
    kind = ""
    with client.stream("GET", f"/api/v1/runs/{run_id}/events") as stream:
        for line in stream.raise_for_status().iter_lines():
            name, _, content = line.partition(": ")
            if name == "event":
                kind = content
            elif name == "data" and kind in ("finished", "failed", "cancelled"):
                data = json.loads(content)
                if kind != "finished":
                    raise ProgramFailed(f"The run was {kind}: {data}")
                return data["result"]
    raise ProgramFailed("The stream ended before the run did.")


def fetch_picture(client: httpx.Client, result: dict[str, Any]) -> bytes:
    """The PNG of the first picture of a result."""
    return client.get(result["pictures"][0]).raise_for_status().content
