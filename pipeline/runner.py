"""One resolved request, start to end, on the device: load, encode, denoise, decode.

Imports torch and diffusers, which takes seconds; so only the engine's worker imports this module, in its own thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version

import torch

from core.errors import DeviceFailed
from core.picture import Picture
from pipeline.branch import Guide
from pipeline.denoise import Denoising, StepDone, denoise
from pipeline.device import DeviceName, plan_device, release_memory
from pipeline.events import Event, Preview, Result, Step
from pipeline.families import LoadedBase
from pipeline.library import Library
from pipeline.loading import Models
from pipeline.maps import MapCache
from pipeline.pixels import decode_pictures, side_by_side, to_hint, to_pictures
from pipeline.request import ControlInput, ResolvedRequest
from pipeline.samplers import build_scheduler, find_sampler

# Previews may take this share of a run's time at most; the rest is left to the picture itself.
PREVIEW_SHARE = 0.25

Emit = Callable[[Event], None]


class Runner:
    """Runs requests one after another; belongs to one thread."""

    def __init__(self, library: Library, maps: MapCache, device: DeviceName = "auto") -> None:
        self.plan = plan_device(device)
        self._models = Models(library, self.plan)
        self._maps = maps

    def warm_up(self, base_id: str) -> None:
        """Load the base before anyone asks.

        Raises:
            ModelUnusable: its files are missing or damaged.
        """
        self._models.base(base_id)

    def execute(self, request: ResolvedRequest, emit: Emit, check: Callable[[], None], preview_every: int) -> Result:
        """Make the pictures of `request`.

        `emit` receives Step and Preview events; `check` is called between stages and after each step, and raises
        `Cancelled` to end the run there, without decoding.

        Raises:
            Cancelled: whatever `check` raises.
            DeviceFailed: out of memory, or numbers that are not finite.
            ModelUnusable: weights are missing or damaged.
        """
        try:
            return self._execute(request, emit, check, preview_every)
        except torch.OutOfMemoryError:
            pass  # leave the handler first: the exception's traceback keeps the tensors alive
        release_memory(self.plan.device)
        raise DeviceFailed(
            f"{self.plan.words} has not enough memory for {request.count} of {request.width} x {request.height}. "
            "Try a smaller size or fewer pictures."
        )

    def _execute(self, request: ResolvedRequest, emit: Emit, check: Callable[[], None], preview_every: int) -> Result:
        clock = Stages()
        base, base_hash = self._models.base(request.base)
        weights = {request.base: base_hash}
        maps = tuple(self._map_of(control, request) for control in request.controls)
        guides = []
        for control, control_map in zip(request.controls, maps, strict=True):
            network, weights[control.control] = self._models.control(control.control, request.base)
            guides.append(self._guide(control, control_map, network, request.count))
        clock.mark("load")
        check()
        job = self._prepare(request, base, guides)
        clock.mark("encode")
        previews = Previews(base, emit, preview_every)

        def on_step(done: StepDone) -> None:
            check()
            emit(Step(step=done.step, steps=done.steps))
            previews.show(done)

        latents = denoise(job, on_step)
        clock.mark("denoise")
        pictures, notes = decode_pictures(base, latents)
        clock.mark("decode")
        return Result(
            request=request,
            pictures=pictures,
            maps=maps,
            notes=self._notes(request, base, maps) + notes,
            seconds=clock.seconds,
            weights=weights,
            device=self.plan.label,
            made=datetime.now().astimezone(),
            software=software_versions(),
        )

    def _map_of(self, control: ControlInput, request: ResolvedRequest) -> Picture:
        return self._maps.get(control.source, control.annotator, request.width, request.height)

    def _guide(self, control: ControlInput, control_map: Picture, network: torch.nn.Module, count: int) -> Guide:
        return Guide(
            network=network,
            hint=to_hint(control_map, count, self.plan.device, self.plan.dtype),
            strength=control.strength,
            start=control.start,
            end=control.end,
            lead=control.lead,
        )

    def _prepare(self, request: ResolvedRequest, base: LoadedBase, guides: list[Guide]) -> Denoising:
        doubled = request.guidance > 1
        return Denoising(
            unet=base.unet,
            scheduler=build_scheduler(find_sampler(request.sampler), base.scheduler_config),
            text=base.encode_text(request.prompt, request.negative_prompt, request.count, doubled=doubled),
            guides=guides,
            latent_shape=base.latent_shape(request.count, request.width, request.height),
            generators=[torch.Generator("cpu").manual_seed(request.seed_of(i)) for i in range(request.count)],
            steps=request.steps,
            guidance=request.guidance,
        )

    def _notes(self, request: ResolvedRequest, base: LoadedBase, maps: tuple[Picture, ...]) -> tuple[str, ...]:
        notes = [note for control_map in maps for note in control_map.notes]
        if cut := base.cut_from(request.prompt):
            notes.append(f"The prompt was too long for this model; this part was left out: {_shorten(cut)!r}.")
        return tuple(dict.fromkeys(notes))


class Stages:
    """Seconds per stage, by the wall clock."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._seconds: dict[str, float] = {}

    def mark(self, stage: str) -> None:
        """What has passed since the last mark belongs to `stage`."""
        now = time.perf_counter()
        self._seconds[stage] = round(now - self._last, 4)
        self._last = now

    @property
    def seconds(self) -> dict[str, float]:
        return {**self._seconds, "total": round(self._last - self._start, 4)}


class Previews:
    """Shows the growing picture every so many steps, as long as that stays cheap beside the steps themselves."""

    def __init__(self, base: LoadedBase, emit: Emit, every: int) -> None:
        self._base = base
        self._emit = emit
        self._every = every
        self._spent = 0.0
        self._start = time.perf_counter()

    def show(self, done: StepDone) -> None:
        if not self._every or done.step % self._every or done.step == done.steps:
            return
        elapsed = time.perf_counter() - self._start
        if self._spent > PREVIEW_SHARE * elapsed:
            return
        began = time.perf_counter()
        decoded = self._base.decode(done.clean_latents())
        if torch.isfinite(decoded).all():  # a preview that is not finite is skipped; the end decides
            self._emit(Preview(step=done.step, picture=side_by_side(to_pictures(decoded))))
        self._spent += time.perf_counter() - began


def _shorten(text: str, length: int = 200) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def software_versions() -> dict[str, str]:
    """The versions of what takes part in the pixels."""
    versions: dict[str, str] = {}
    for name in ("torch", "diffusers", "transformers"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
