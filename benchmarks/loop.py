"""Our denoising loop beside plain diffusers, on the same modules in one process.

Both sides go from a prompt and control maps to 8-bit pixels: text encoder, all steps, autoencoder. Plain diffusers is
the unmodified `StableDiffusionPipeline` (no control) or `StableDiffusionControlNetPipeline`, built once. Every run is
cold: nothing is kept from the one before. First it is seen that the pixels are equal, bit for bit; only then what each
side called is counted (exact, no clock), and then both are timed in turns.

`plain_over_ours` above 1 means that ours is quicker. The second network is the first one with its zero convolutions
disturbed, so that the order in which residuals are added would show.
"""

from __future__ import annotations

import argparse
import copy
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import MultiControlNetModel, StableDiffusionControlNetPipeline, StableDiffusionPipeline
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.measure import alternate, make_parser, ratio_of, report, say, summarize
from core.picture import Picture
from pipeline.branch import Guide
from pipeline.denoise import Denoising, denoise
from pipeline.device import plan_device
from pipeline.families import find_family
from pipeline.library import Library
from pipeline.pixels import decode_pictures, to_hint
from pipeline.samplers import build_scheduler, find_sampler
from starter.scenes import render_scene

PROMPT, NEGATIVE, SEED, STRENGTH = "a yellow house and a green tree in a meadow", "", 11, 1.0
SAMPLER = find_sampler("ddim")
CASES = ((0, 1.0), (1, 1.0), (2, 1.0), (1, 0.5), (2, 0.5))  # controls, end of their windows


@dataclass(frozen=True)
class Models:
    """The built-in model and two control networks, as the engine loads them."""

    base: Any
    networks: tuple[Any, Any]


@dataclass(frozen=True)
class Job:
    """One picture of `size` x `size`, with the first `controls` networks acting until `end` (fraction of the steps)."""

    models: Models
    controls: int
    end: float
    steps: int
    size: int
    guidance: float

    @property
    def maps(self) -> list[Picture]:
        first = render_scene(3, self.size).outline
        return [first, Picture(np.rot90(first.pixels).copy())][: self.controls]


def load_models() -> Models:
    library, plan, family = Library(), plan_device("cpu"), find_family("starter")
    base = family.load_base(library.folder(library.bases[0]), plan)
    network: Any = family.load_control(library.folder(library.controls[0]), plan)
    other = copy.deepcopy(network)
    torch.manual_seed(7)
    with torch.no_grad():
        for convolution in (*other.controlnet_down_blocks, other.controlnet_mid_block):
            convolution.weight.add_(torch.randn_like(convolution.weight) * 0.01)
    return Models(base, (network, other))


def make_ours(job: Job) -> Callable[[], np.ndarray]:
    """A run as `pipeline.runner.Runner` does it, from words and maps to pixels, height x width x 3."""
    base, maps = job.models.base, job.maps

    def run() -> np.ndarray:
        plan = base.plan
        guides = [
            Guide(network, to_hint(control_map, 1, plan.device, plan.dtype), STRENGTH, end=job.end)
            for network, control_map in zip(job.models.networks, maps, strict=False)
        ]
        latents = denoise(
            Denoising(
                unet=base.unet,
                scheduler=build_scheduler(SAMPLER, base.scheduler_config),
                text=base.encode_text(PROMPT, NEGATIVE, 1, doubled=job.guidance > 1),
                guides=guides,
                latent_shape=base.latent_shape(1, job.size, job.size),
                generators=[torch.Generator("cpu").manual_seed(SEED)],
                steps=job.steps,
                guidance=job.guidance,
            )
        )
        return decode_pictures(base, latents)[0][0].pixels

    return run


def make_plain(job: Job) -> Callable[[], np.ndarray]:
    """The same by the stock pipeline over the same modules."""
    base = job.models.base
    parts = {
        "vae": base.vae,
        "text_encoder": base.text_encoder,
        "tokenizer": base.tokenizer,
        "unet": base.unet,
        "scheduler": build_scheduler(SAMPLER, base.scheduler_config),
        "safety_checker": None,
        "feature_extractor": None,
        "requires_safety_checker": False,
    }
    options: dict[str, Any] = {"width": job.size, "height": job.size, "guidance_scale": job.guidance}
    if job.controls:
        images = [control_map.to_pil() for control_map in job.maps]
        single = job.controls == 1
        network = job.models.networks[0] if single else MultiControlNetModel(list(job.models.networks))
        pipe: Any = StableDiffusionControlNetPipeline(controlnet=network, **parts)
        options |= {"image": images[0], "controlnet_conditioning_scale": STRENGTH, "control_guidance_end": job.end}
        if not single:
            options |= {"image": images, "controlnet_conditioning_scale": [STRENGTH] * 2}
            options |= {"control_guidance_start": [0.0] * 2, "control_guidance_end": [job.end] * 2}
    else:
        pipe = StableDiffusionPipeline(**parts)
    pipe.set_progress_bar_config(disable=True)

    def run() -> np.ndarray:
        generator = torch.Generator("cpu").manual_seed(SEED)
        result = pipe(PROMPT, negative_prompt=NEGATIVE, num_inference_steps=job.steps, generator=generator, **options)
        return np.asarray(result.images[0])

    return run


def count_calls(models: Models, run: Callable[[], Any]) -> dict[str, int]:
    """How often `run` used each part. A part is known by a layer that each of its forward passes calls once."""
    calls: Counter[str] = Counter()
    watched = {"unet": [models.base.unet.conv_in], "text_encoder": [models.base.text_encoder]}
    watched["autoencoder"] = [models.base.vae.decoder]
    watched["control_branch"] = [network.conv_in for network in models.networks]
    watched["hint_encoder"] = [network.controlnet_cond_embedding for network in models.networks]
    hooks = [
        layer.register_forward_pre_hook(lambda *_, name=name: calls.update([name]))
        for name, layers in watched.items()
        for layer in layers
    ]
    try:
        run()
    finally:
        for hook in hooks:
            hook.remove()
    return {name: calls[name] for name in watched}


def count_flops(run: Callable[[], Any]) -> int:
    """Floating-point operations of matrix products, convolutions and attention, two for each multiply-add."""
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


def compare(job: Job, rounds: int, warm_ups: int) -> dict[str, Any]:
    """The gate, the counts and the times of one case.

    Raises:
        SystemExit: the pixels differ, so a time would compare two different things.
    """
    ours, plain = make_ours(job), make_plain(job)
    if not np.array_equal(ours(), plain()):
        raise SystemExit(
            f"{job.controls} controls, window 0-{job.end}: the pixels differ from diffusers'. Nothing timed."
        )
    flops = {"ours": count_flops(ours), "plain": count_flops(plain)}
    mine, theirs = alternate(ours, plain, rounds, warm_ups)
    result = {
        "controls": job.controls,
        "window": [0.0, job.end],
        "pixels_equal": True,
        "calls": {"ours": count_calls(job.models, ours), "plain": count_calls(job.models, plain)},
        "flops": flops,
        "flops_plain_over_ours": round(flops["plain"] / flops["ours"], 4),
    }
    for clock in ("wall", "cpu"):
        left, right = [getattr(one, clock) for one in mine], [getattr(one, clock) for one in theirs]
        seconds = {"ours": summarize(left), "plain": summarize(right)}
        result[clock] = {"seconds": seconds, "plain_over_ours": ratio_of(right, left)}
    _tell(result)
    return result


def _tell(result: dict[str, Any]) -> None:
    wall, cpu = (result[clock]["plain_over_ours"] for clock in ("wall", "cpu"))
    calls = " / ".join(str(result["calls"][side]["control_branch"]) for side in ("ours", "plain"))
    say(
        f"{result['controls']} controls, window 0-{result['window'][1]:g}: equal; branch runs {calls}; plain/ours wall "
        f"{wall['median']:.3f} [{wall['ci95'][0]:.3f}, {wall['ci95'][1]:.3f}], processor {cpu['median']:.3f} "
        f"[{cpu['ci95'][0]:.3f}, {cpu['ci95'][1]:.3f}]; FLOP {result['flops_plain_over_ours']:.3f}"
    )


def main(arguments: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="rounds of ours-plain-plain-ours (default: 9)")
    parser.add_argument("--warm-ups", type=int, default=2, help="rounds before the clock counts (default: 2)")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--size", type=int, default=256, help="side of the picture, a multiple of 16 (default: 256)")
    parser.add_argument("--guidance", type=float, default=3.0)
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (default: 1)")
    options = parser.parse_args(arguments)
    return report("loop", options, lambda: measure(options))


def measure(options: argparse.Namespace) -> dict[str, Any]:
    torch.set_num_threads(options.threads)
    models = load_models()
    settings = {"steps": options.steps, "size": options.size, "guidance": options.guidance}
    jobs = [Job(models, controls, end, **settings) for controls, end in CASES]
    return {"cases": [compare(job, options.rounds, options.warm_ups) for job in jobs]}


if __name__ == "__main__":
    raise SystemExit(main())
