"""What every benchmark shares: turns in ABBA order, medians with their uncertainty, and what the machine was doing."""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import psutil

RESAMPLES = 10_000
PACKAGES = ("torch", "diffusers", "transformers", "gradio", "fastapi", "uvicorn", "numpy", "opencv-python-headless")
NOISY_CORES = 0.25  # others keeping more than this busy is told to the reader

Action = Callable[[], Any]


@dataclass(frozen=True)
class Timing:
    """Seconds of one turn: by the clock on the wall, and of processor time in this process (all its threads)."""

    wall: float
    cpu: float


def time_once(action: Action) -> Timing:
    """Run `action` once; the garbage of what ran before is collected first, outside the time."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    return Timing(time.perf_counter() - wall, time.process_time() - cpu)


def alternate(first: Action, second: Action, rounds: int, warm_ups: int = 2) -> tuple[list[Timing], list[Timing]]:
    """Run two actions in turns, first-second-second-first a round, after `warm_ups` rounds that do not count.

    In this order a machine that slows down steadily, or that is busy for a while, costs both sides the same. Entries
    2i and 2i + 1 of each list belong to round i.
    """
    for _ in range(warm_ups):
        first()
        second()
    ones, twos = [], []
    for _ in range(rounds):
        ones.append(time_once(first))
        twos.append(time_once(second))
        twos.append(time_once(second))
        ones.append(time_once(first))
    return ones, twos


def summarize(values: Sequence[float]) -> dict[str, Any]:
    """Median, quartiles, extremes, and the 95 % interval of the median by bootstrap; the unit is that of `values`."""
    data = np.asarray(values, float)
    low, high = bootstrap(lambda chosen: np.median(data[chosen], axis=-1), len(data))
    first, third = np.percentile(data, [25, 75])
    return {
        "n": len(data),
        "median": _short(np.median(data)),
        "ci95": [_short(low), _short(high)],
        "quartiles": [_short(first), _short(third)],
        "min": _short(data.min()),
        "max": _short(data.max()),
    }


def ratio_of(numerators: Sequence[float], denominators: Sequence[float]) -> dict[str, Any]:
    """How many times as large the numerators are: the median over rounds, with its 95 % interval.

    Both lists come from `alternate`, two entries a round. The ratio is taken within each round, so that what slowed a
    whole round down drops out, and the bootstrap draws rounds.
    """
    tops = np.asarray(numerators, float).reshape(-1, 2).sum(axis=1)
    bottoms = np.asarray(denominators, float).reshape(-1, 2).sum(axis=1)
    return summarize(tops / bottoms)


def difference_of(minuends: Sequence[float], subtrahends: Sequence[float]) -> dict[str, Any]:
    """The median of `minuends` less that of `subtrahends`, with its 95 % interval; the lists need not be paired."""
    left, right = np.asarray(minuends, float), np.asarray(subtrahends, float)
    rng = np.random.default_rng(0)
    lefts = np.median(left[rng.integers(0, len(left), (RESAMPLES, len(left)))], axis=1)
    rights = np.median(right[rng.integers(0, len(right), (RESAMPLES, len(right)))], axis=1)
    low, high = np.percentile(lefts - rights, [2.5, 97.5])
    return {"median": _short(np.median(left) - np.median(right)), "ci95": [_short(low), _short(high)]}


def bootstrap(statistic: Callable[[np.ndarray], np.ndarray], count: int) -> tuple[float, float]:
    """The 95 % percentile interval of `statistic` over `count` things drawn with replacement; always the same draws.

    `statistic` is given indices, resamples x count, and returns one number a resample.
    """
    chosen = np.random.default_rng(0).integers(0, count, (RESAMPLES, count))
    low, high = np.percentile(statistic(chosen), [2.5, 97.5])
    return float(low), float(high)


def _short(value: Any) -> float:
    return float(f"{float(value):.5g}")


class Machine:
    """The machine from the making of this object on: what it is, and how much of it others used meanwhile."""

    def __init__(self) -> None:
        self._load = psutil.getloadavg()
        self._start, self._busy, self._own = time.perf_counter(), _busy_seconds(), _own_seconds()

    @property
    def cores(self) -> int:
        """Cores this process may use."""
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

    def others(self) -> float:
        """How many cores other programs kept busy on average; children count as ours once they have ended.

        On Windows the time of children cannot be had, so there they count as others.
        """
        elapsed = max(time.perf_counter() - self._start, 1e-9)
        return max(0.0, (_busy_seconds() - self._busy) - (_own_seconds() - self._own)) / elapsed

    def record(self, timed: bool = True) -> dict[str, Any]:
        """Everything a reader needs to judge the numbers; also warns on stderr when times should not be trusted."""
        others = self.others()
        if timed and others > NOISY_CORES:
            say(
                f"WARNING: other programs kept {others:.2f} of {self.cores} cores busy meanwhile. Times by the wall "
                "clock mean little; measure again when the machine is quiet."
            )
        elif timed and self._load[0] > self.cores:
            say(
                f"WARNING: the load was {self._load[0]:.1f} on {self.cores} cores before the start. Others kept "
                f"{others:.2f} cores busy afterwards, but the first rounds may be slow."
            )
        return {
            "date": datetime.now().astimezone().isoformat(timespec="seconds"),
            "system": platform.platform(),
            "cpu": _cpu_name(),
            "cores": self.cores,
            "python": platform.python_version(),
            "versions": _versions(),
            "load_before": [_short(load) for load in self._load],
            "load_after": [_short(load) for load in psutil.getloadavg()],
            "cores_kept_busy_by_others": _short(others),
        }


def _busy_seconds() -> float:
    """Seconds all cores worked, since the machine was started; time taken by a hypervisor counts as work."""
    times = psutil.cpu_times()
    return sum(getattr(times, name, 0.0) for name in ("user", "system", "nice", "irq", "softirq", "steal"))


def _own_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with the option that every benchmark has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there as well")
    return parser


def report(name: str, options: argparse.Namespace, measure: Callable[[], dict[str, Any]], *, timed: bool = True) -> int:
    """Run `measure`; print its numbers and the machine as JSON to stdout (words went to stderr); return 0.

    `timed` says that the numbers are times, which a busy machine spoils.
    """
    machine = Machine()
    results = measure()
    settings = {key: str(value) if isinstance(value, Path) else value for key, value in vars(options).items()}
    settings.pop("json", None)
    document = {"benchmark": name, "settings": settings, "machine": machine.record(timed), "results": results}
    text = json.dumps(document, indent=2)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0


def say(line: str) -> None:
    """A line for the person; stdout belongs to the JSON."""
    print(line, file=sys.stderr, flush=True)
