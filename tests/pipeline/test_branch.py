"""The dual branch, proved on the built-in model: identity at the start, nothing locked moves, nothing runs in vain."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import torch
from diffusers import ControlNetModel

from annotators import Scribble
from pipeline.branch import SOFT_DECAY, DualBranch, Guide, Residuals, run_branch
from pipeline.denoise import Denoising, denoise
from pipeline.pixels import to_hint
from pipeline.samplers import build_scheduler, find_sampler
from tests.conftest import draw_house
from tests.pipeline.plain import generators

SIZE = 128
STEPS = 5


@pytest.fixture(scope="module")
def hint(builtin) -> torch.Tensor:
    return to_hint(Scribble()(draw_house(SIZE)), 1, builtin.base.plan.device, torch.float32)


def run(base: Any, guides: list[Guide], *, guidance: float = 3.0) -> torch.Tensor:
    return denoise(
        Denoising(
            unet=base.unet,
            scheduler=build_scheduler(find_sampler("ddim"), base.scheduler_config),
            text=base.encode_text("a red house", "", 1, doubled=guidance > 1),
            guides=guides,
            latent_shape=base.latent_shape(1, SIZE, SIZE),
            generators=generators(3, 1),
            steps=STEPS,
            guidance=guidance,
        )
    )


def fresh_control(unet: Any) -> ControlNetModel:
    """A trainable copy of the encoder with zero convolutions, as training begins."""
    return ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(4, 8, 16, 32, 64))


def digest(module: torch.nn.Module) -> str:
    hashed = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        hashed.update(name.encode() + value.contiguous().numpy().tobytes())
    return hashed.hexdigest()


class Calls:
    """Counts the forward passes of a module."""

    def __init__(self, module: torch.nn.Module) -> None:
        self.number = 0
        self._handle = module.register_forward_hook(self._count)

    def _count(self, *_: Any) -> None:
        self.number += 1

    def __enter__(self) -> Calls:
        return self

    def __exit__(self, *_: Any) -> None:
        self._handle.remove()


def test_fresh_control_leaves_the_output_bit_identical(builtin, hint) -> None:
    control = fresh_control(builtin.base.unet).eval()
    assert torch.equal(run(builtin.base, [Guide(control, hint)]), run(builtin.base, []))


def test_trained_control_changes_the_output(builtin, hint) -> None:
    """The identity above is no accident of a branch that is not connected."""
    assert not torch.equal(run(builtin.base, [Guide(builtin.scribble, hint)]), run(builtin.base, []))


def test_strength_zero_is_the_base_and_runs_no_branch(builtin, hint) -> None:
    with Calls(builtin.scribble.conv_in) as calls:
        latents = run(builtin.base, [Guide(builtin.scribble, hint, strength=0.0)])
    assert calls.number == 0
    assert torch.equal(latents, run(builtin.base, []))


@pytest.mark.parametrize(("start", "end", "expected"), [(0.0, 1.0, 5), (0.2, 0.7, 2), (0.0, 0.4, 2), (0.9, 1.0, 0)])
def test_branch_runs_only_inside_its_window(builtin, hint, start: float, end: float, expected: int) -> None:
    with Calls(builtin.scribble.conv_in) as calls, Calls(builtin.scribble.controlnet_cond_embedding) as encodings:
        run(builtin.base, [Guide(builtin.scribble, hint, start=start, end=end)])
    assert calls.number == expected
    assert encodings.number == min(1, expected)  # the hint is encoded once a run


def test_training_step_moves_the_trainable_branch_alone(builtin, hint) -> None:
    """Locked weights have no gradients and an unchanged hash; the zero convolutions are the first to move."""
    base = builtin.base
    control = fresh_control(base.unet).train()
    before_unet, before_control = digest(base.unet), digest(control)
    optimizer = torch.optim.AdamW([p for p in control.parameters() if p.requires_grad], lr=1e-3)
    noisy, target = torch.randn(base.latent_shape(1, SIZE, SIZE)), torch.randn(base.latent_shape(1, SIZE, SIZE))
    text = base.encode_text("a red house", "", 1, doubled=False).clone()
    branch = DualBranch(base.unet, [Guide(control, hint)])
    output = branch.predict(noisy, torch.tensor(500), text, 0, 1, doubled=False)
    torch.nn.functional.mse_loss(output, target).backward()

    assert all(parameter.grad is None for parameter in base.unet.parameters())
    zero = [*control.controlnet_down_blocks.parameters(), *control.controlnet_mid_block.parameters()]
    assert all(parameter.grad is not None and parameter.grad.abs().max() > 0 for parameter in zero)
    copy = [p for name, p in control.named_parameters() if name.startswith(("down_blocks", "mid_block"))]
    assert all(parameter.grad is None or parameter.grad.abs().max() == 0 for parameter in copy)  # behind zeros
    optimizer.step()
    assert digest(base.unet) == before_unet
    assert digest(control) != before_control


def test_locked_encoder_keeps_no_activations(builtin, hint) -> None:
    """What goes through the locked encoder carries no gradient; the decoder's does, since the residuals enter there."""
    seen: dict[str, bool] = {}
    unet = builtin.base.unet

    def remember(name: str) -> Any:
        def hook(_module: Any, _inputs: Any, output: Any) -> None:
            tensor = output[0] if isinstance(output, tuple) else output
            seen[name] = tensor.requires_grad

        return hook

    handles = [block.register_forward_hook(remember(f"down{i}")) for i, block in enumerate(unet.down_blocks)]
    handles += [
        unet.mid_block.register_forward_hook(remember("mid")),
        unet.conv_out.register_forward_hook(remember("out")),
    ]
    try:
        branch = DualBranch(unet, [Guide(fresh_control(unet).train(), hint)])
        text = builtin.base.encode_text("a red house", "", 1, doubled=False).clone()
        branch.predict(
            torch.randn(builtin.base.latent_shape(1, SIZE, SIZE)), torch.tensor(10), text, 0, 1, doubled=False
        )
    finally:
        for handle in handles:
            handle.remove()
    assert seen.pop("out") is True
    assert seen == dict.fromkeys(seen, False)


def test_leads_scale_deep_residuals_least() -> None:
    residuals = Residuals(tuple(torch.ones(1, 2, 4, 4) for _ in range(3)), torch.ones(1, 2, 2, 2))
    soft = residuals.scaled(0.5, "prompt")
    factors = [float(tensor[0, 0, 0, 0]) for tensor in (*soft.skips, soft.middle)]
    assert factors == pytest.approx([0.5 * SOFT_DECAY**3, 0.5 * SOFT_DECAY**2, 0.5 * SOFT_DECAY, 0.5])
    plain = residuals.scaled(0.5, "balanced")
    assert all(torch.equal(tensor, torch.full_like(tensor, 0.5)) for tensor in (*plain.skips, plain.middle))


def test_control_lead_acts_on_the_conditional_half_only(builtin, hint) -> None:
    """One step by hand: the doubled batch gets nothing on its first half, the prompt lead's residuals on its second."""
    base = builtin.base
    noisy = torch.randn(base.latent_shape(1, SIZE, SIZE))
    text = base.encode_text("a red house", "", 1, doubled=True)
    timestep = torch.tensor(500)
    with torch.inference_mode():
        sample = torch.cat([noisy] * 2)
        led = Guide(builtin.scribble, hint, lead="control")
        ours = DualBranch(base.unet, [led]).predict(sample, timestep, text, 0, 4, doubled=True)
        soft = run_branch(Guide(builtin.scribble, hint, lead="prompt"), noisy, timestep, text.chunk(2)[1], doublings=1)
        expected = base.unet(
            sample, timestep, encoder_hidden_states=text, return_dict=False,
            down_block_additional_residuals=[torch.cat([torch.zeros_like(skip), skip]) for skip in soft.skips],
            mid_block_additional_residual=torch.cat([torch.zeros_like(soft.middle), soft.middle]),
        )[0]  # fmt: skip
        unguided = DualBranch(base.unet, []).predict(sample, timestep, text, 0, 4, doubled=True)
    assert torch.equal(ours, expected)
    assert torch.equal(ours.chunk(2)[0], unguided.chunk(2)[0])
    assert not torch.equal(ours.chunk(2)[1], unguided.chunk(2)[1])
