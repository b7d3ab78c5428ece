"""Plain diffusers on the same modules: what our loop must equal."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import MultiControlNetModel, StableDiffusionControlNetPipeline, StableDiffusionPipeline

from core.picture import Picture
from pipeline.samplers import build_scheduler, find_sampler

PARTS = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}


def modules_of(base: Any, sampler: str) -> dict[str, Any]:
    scheduler = build_scheduler(find_sampler(sampler), base.scheduler_config)
    return {
        "vae": base.vae,
        "text_encoder": base.text_encoder,
        "tokenizer": base.tokenizer,
        "unet": base.unet,
        "scheduler": scheduler,
        **PARTS,
    }


def generators(seed: int, count: int) -> list[torch.Generator]:
    return [torch.Generator("cpu").manual_seed(seed + i) for i in range(count)]


def run_plain(base: Any, networks: list, maps: list[Picture], *, sampler: str, size: int, **call: Any) -> Any:
    """Call the stock pipeline with 0, 1 or more controls and return its `images`."""
    modules = modules_of(base, sampler)
    options = {"width": size, "height": size, **call}
    if not networks:
        pipe = StableDiffusionPipeline(**modules)
    else:
        network = networks[0] if len(networks) == 1 else MultiControlNetModel(networks)
        pipe = StableDiffusionControlNetPipeline(controlnet=network, **modules)
        images = [control_map.to_pil() for control_map in maps]
        options["image"] = images[0] if len(networks) == 1 else images
    pipe.set_progress_bar_config(disable=True)
    output: Any = pipe(**options)
    return output.images
