"""The samplers a person can choose: diffusers schedulers under the names the field uses."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from core.errors import BadRequest
from core.value import Value


class Sampler(Value):
    """A scheduler class of diffusers with the options that make it the sampler people know."""

    id: str
    title: str
    scheduler: str  # class name in diffusers
    options: dict[str, Any] = Field(default_factory=dict)


SAMPLERS: tuple[Sampler, ...] = (
    Sampler(id="ddim", title="DDIM", scheduler="DDIMScheduler"),
    Sampler(id="euler", title="Euler", scheduler="EulerDiscreteScheduler"),
    Sampler(id="euler_a", title="Euler a", scheduler="EulerAncestralDiscreteScheduler"),
    Sampler(id="dpmpp_2m", title="DPM++ 2M", scheduler="DPMSolverMultistepScheduler"),
    Sampler(id="unipc", title="UniPC", scheduler="UniPCMultistepScheduler"),
    Sampler(id="lcm", title="LCM", scheduler="LCMScheduler"),
)


def find_sampler(sampler_id: str) -> Sampler:
    """Return the sampler with this id.

    Raises:
        BadRequest: there is none; the sentence lists those there are.
    """
    for sampler in SAMPLERS:
        if sampler.id == sampler_id:
            return sampler
    known = ", ".join(sampler.id for sampler in SAMPLERS)
    raise BadRequest(f"There is no sampler called {sampler_id!r}. There are: {known}.")


def build_scheduler(sampler: Sampler, base_config: dict[str, Any]) -> Any:
    """Make a fresh diffusers scheduler for one run; schedulers keep state, so none is ever shared.

    `base_config` is the scheduler configuration the base was trained with (noise schedule, prediction type).
    """
    import diffusers

    return getattr(diffusers, sampler.scheduler).from_config(base_config, **sampler.options)
