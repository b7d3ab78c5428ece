"""Our denoising loop for UNet families: noise in, latents out, one callback a step.

Bit-equal to the loop of diffusers' `StableDiffusionPipeline` and `StableDiffusionControlNetPipeline` on the same
modules (tests/pipeline/test_equal_to_diffusers.py). It is ours because cancelling, previews and the reuse of parts of
an earlier run need its inside.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from diffusers.utils.torch_utils import randn_tensor
from torch import Tensor

from core.errors import DeviceFailed
from pipeline.branch import DualBranch, Guide


@dataclass(frozen=True, kw_only=True)
class Denoising:
    """Everything one run of the loop needs.

    `text` is batch x tokens x channels; for guidance over 1 the unconditional half stands first and the batch is
    doubled. `latent_shape` is (batch, channels, height / f, width / f). `generators` hold one generator per picture, on
    the CPU, so that a seed means the same noise on every device.
    """

    unet: Any
    scheduler: Any
    text: Tensor
    guides: Sequence[Guide]
    latent_shape: tuple[int, ...]
    generators: list[torch.Generator]
    steps: int
    guidance: float

    @property
    def doubled(self) -> bool:
        """Whether classifier-free guidance runs, which doubles the batch."""
        return self.guidance > 1


@dataclass(kw_only=True)
class StepDone:
    """What the callback sees after each step."""

    step: int  # 1-based
    steps: int
    latents: Tensor
    _scheduler: Any = field(repr=False)
    _output: Any = field(repr=False)

    def clean_latents(self) -> Tensor:
        """The model's present guess at the finished latents (x0), for a preview.

        Schedulers give it in their output, or, the multistep ones, as the newest entry of their history.
        """
        for name in ("denoised", "pred_original_sample"):
            guess = getattr(self._output, name, None)
            if guess is not None:
                return guess
        return self._scheduler.model_outputs[-1]


@torch.inference_mode()
def denoise(run: Denoising, on_step: Callable[[StepDone], None] | None = None) -> Tensor:
    """Run the loop and return the finished latents, `run.latent_shape`.

    `on_step` is called after each step and may raise (`Cancelled`) to end the run there.

    Raises:
        DeviceFailed: the latents are no longer finite numbers.
    """
    device, dtype = run.text.device, run.text.dtype
    run.scheduler.set_timesteps(run.steps, device=device)
    timesteps = run.scheduler.timesteps
    latents = randn_tensor(run.latent_shape, generator=run.generators, device=device, dtype=dtype)
    latents = latents * run.scheduler.init_noise_sigma
    branch = DualBranch(run.unet, run.guides)
    extra = _step_arguments(run.scheduler, run.generators)
    for index, timestep in enumerate(timesteps):
        sample = torch.cat([latents] * 2) if run.doubled else latents
        sample = run.scheduler.scale_model_input(sample, timestep)
        output = branch.predict(sample, timestep, run.text, index, len(timesteps), doubled=run.doubled)
        if run.doubled:
            unconditional, conditional = output.chunk(2)
            output = unconditional + run.guidance * (conditional - unconditional)
        stepped = run.scheduler.step(output, timestep, latents, **extra, return_dict=True)
        latents = stepped.prev_sample
        if not torch.isfinite(latents).all():
            raise DeviceFailed(
                f"The numbers overflowed at step {index + 1}, so no picture was made. Try less strength or guidance."
            )
        if on_step is not None:
            done = StepDone(
                step=index + 1, steps=len(timesteps), latents=latents, _scheduler=run.scheduler, _output=stepped
            )
            on_step(done)
    return latents


def _step_arguments(scheduler: Any, generators: list[torch.Generator]) -> dict[str, Any]:
    """The extra arguments this scheduler's `step` takes: noise generators where it adds noise, eta 0 for DDIM."""
    accepted = inspect.signature(scheduler.step).parameters
    arguments: dict[str, Any] = {}
    if "eta" in accepted:
        arguments["eta"] = 0.0
    if "generator" in accepted:
        arguments["generator"] = generators
    return arguments
