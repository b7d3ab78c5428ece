"""Our loop is bit-equal to unmodified diffusers pipelines on the same modules, latents and pixels, fp32 on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from annotators import Scribble
from core.picture import Picture
from pipeline.branch import Guide
from pipeline.denoise import Denoising, denoise
from pipeline.pixels import decode_pictures, to_hint
from pipeline.samplers import SAMPLERS, build_scheduler, find_sampler
from tests.conftest import draw_house
from tests.pipeline.plain import generators, run_plain

SIZE = 128
SAMPLER_IDS = [sampler.id for sampler in SAMPLERS]


@pytest.fixture(scope="module")
def maps() -> list[Picture]:
    first = Scribble()(draw_house(SIZE))
    return [first, Picture(np.rot90(first.pixels).copy())]


@pytest.fixture(scope="module")
def networks(builtin) -> list[Any]:
    """Two different trained branches: the built-in one, and one with its residuals disturbed."""
    import copy

    torch.manual_seed(7)
    other = copy.deepcopy(builtin.scribble)
    with torch.no_grad():
        for convolution in (*other.controlnet_down_blocks, other.controlnet_mid_block):
            convolution.weight.add_(torch.randn_like(convolution.weight) * 0.01)
    return [builtin.scribble, other]


def run_ours(base: Any, guides: list[Guide], *, sampler: str, steps: int, guidance: float, count: int) -> torch.Tensor:
    return denoise(
        Denoising(
            unet=base.unet,
            scheduler=build_scheduler(find_sampler(sampler), base.scheduler_config),
            text=base.encode_text("a red house", "grey", count, doubled=guidance > 1),
            guides=guides,
            latent_shape=base.latent_shape(count, SIZE, SIZE),
            generators=generators(11, count),
            steps=steps,
            guidance=guidance,
        )
    )


def call_options(*, steps: int, guidance: float, count: int) -> dict[str, Any]:
    return {
        "prompt": "a red house",
        "negative_prompt": "grey",
        "num_inference_steps": steps,
        "guidance_scale": guidance,
        "num_images_per_prompt": count,
        "generator": generators(11, count),
    }


def make_guides(builtin, networks: list, maps: list[Picture], count: int, **settings: Any) -> list[Guide]:
    plan = builtin.base.plan
    strengths = settings.pop("strengths", [0.8, 1.3])
    return [
        Guide(network, to_hint(control_map, count, plan.device, plan.dtype), strength, **settings)
        for network, control_map, strength in zip(networks, maps, strengths, strict=False)
    ]


@pytest.mark.parametrize("sampler", SAMPLER_IDS)
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("guidance", [1.0, 3.0])
@pytest.mark.parametrize("controls", [0, 1, 2])
def test_latents_and_pixels(builtin, networks, maps, sampler: str, count: int, guidance: float, controls: int) -> None:
    options = call_options(steps=3, guidance=guidance, count=count)
    used, shown = networks[:controls], maps[:controls]
    if controls:
        options["controlnet_conditioning_scale"] = 0.8 if controls == 1 else [0.8, 1.3]
    latents = run_plain(builtin.base, used, shown, sampler=sampler, size=SIZE, output_type="latent", **options)
    guides = make_guides(builtin, used, shown, count)
    ours = run_ours(builtin.base, guides, sampler=sampler, steps=3, guidance=guidance, count=count)
    assert torch.equal(ours, latents)

    options["generator"] = generators(11, count)
    images = run_plain(builtin.base, used, shown, sampler=sampler, size=SIZE, output_type="pil", **options)
    pictures, notes = decode_pictures(builtin.base, ours)
    assert notes == ()
    for picture, image in zip(pictures, images, strict=True):
        assert np.array_equal(picture.pixels, np.asarray(image))


@pytest.mark.parametrize("sampler", SAMPLER_IDS)
@pytest.mark.parametrize("controls", [1, 2])
def test_window(builtin, networks, maps, sampler: str, controls: int) -> None:
    """Between 0.2 and 0.7 of the steps only; diffusers runs the branch all the time and multiplies by 0."""
    options = call_options(steps=6, guidance=3.0, count=1)
    scale: Any = [0.8, 1.3][:controls]
    plain = run_plain(
        builtin.base, networks[:controls], maps[:controls], sampler=sampler, size=SIZE, output_type="latent",
        control_guidance_start=[0.2] * controls, control_guidance_end=[0.7] * controls,
        controlnet_conditioning_scale=scale if controls > 1 else scale[0], **options,
    )  # fmt: skip
    guides = make_guides(builtin, networks[:controls], maps, 1, start=0.2, end=0.7)
    ours = run_ours(builtin.base, guides, sampler=sampler, steps=6, guidance=3.0, count=1)
    assert torch.equal(ours, plain)
    everywhere = make_guides(builtin, networks[:controls], maps, 1)
    assert not torch.equal(ours, run_ours(builtin.base, everywhere, sampler=sampler, steps=6, guidance=3.0, count=1))


def test_no_control_equals_control_pipeline_at_strength_zero(builtin, maps) -> None:
    options = call_options(steps=3, guidance=3.0, count=1)
    plain = run_plain(
        builtin.base, [builtin.scribble], maps[:1], sampler="ddim", size=SIZE, output_type="latent",
        controlnet_conditioning_scale=0.0, **options,
    )  # fmt: skip
    assert torch.equal(run_ours(builtin.base, [], sampler="ddim", steps=3, guidance=3.0, count=1), plain)


def test_runner_gives_the_pixels_of_the_stock_pipeline(ready_engine, house, builtin) -> None:
    """The whole way from a request, map and all, at the defaults of the built-in model."""
    from pipeline.request import ControlInput, GenerationRequest

    control = ControlInput(source=house, annotator=Scribble(), strength=0.9)
    run = ready_engine.submit(GenerationRequest(prompt="a red house", seed=11, controls=(control,)))
    assert run.wait(120) == "finished"
    image = run_plain(
        builtin.base, [builtin.scribble], [Scribble()(house)], sampler="ddim", size=256, prompt="a red house",
        negative_prompt="", num_inference_steps=8, guidance_scale=3.0, generator=generators(11, 1),
        controlnet_conditioning_scale=0.9,
    )[0]  # fmt: skip
    assert np.array_equal(run.result.pictures[0].pixels, np.asarray(image))
