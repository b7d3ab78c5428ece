"""The dual branch at inference: the trainable branches of 1..n guides beside the locked UNet.

The locked UNet keeps its weights; each control network, a trainable copy of the UNet's encoder, reads the noisy latents
and its own hint, and adds its residuals, through zero-initialised 1x1 convolutions, to the UNet's skip connections and
middle block (Zhang, Rao, Agrawala 2023, arXiv 2302.05543, section 3).

Equal to diffusers' `StableDiffusionControlNetPipeline` bit for bit, with three things not done that it does: a branch
is not run outside its window, nor at strength 0, and its hint is encoded once per run instead of once per step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from pipeline.request import Lead

# "My prompt is more important" of sd-webui-controlnet: deep residuals keep their strength, shallow ones fade.
SOFT_DECAY = 0.825


@dataclass(frozen=True)
class Residuals:
    """What a branch adds: one tensor for each skip connection, shallow to deep, and one for the middle block."""

    skips: tuple[Tensor, ...]
    middle: Tensor

    def __add__(self, other: Residuals) -> Residuals:
        skips = tuple(mine + theirs for mine, theirs in zip(self.skips, other.skips, strict=True))
        return Residuals(skips, self.middle + other.middle)

    def scaled(self, strength: float, lead: Lead) -> Residuals:
        """Multiply by `strength`, and for the leads other than balanced by 0.825^(n-1-i) for residual i of n."""
        tensors = (*self.skips, self.middle)
        last = len(tensors) - 1
        factors = [strength * (1.0 if lead == "balanced" else SOFT_DECAY ** (last - i)) for i in range(last + 1)]
        *skips, middle = (tensor * factor for tensor, factor in zip(tensors, factors, strict=True))
        return Residuals(tuple(skips), middle)

    def on_second_half(self) -> Residuals:
        """The same for a doubled batch: nothing on its first (unconditional) half."""
        *skips, middle = (torch.cat([torch.zeros_like(tensor), tensor]) for tensor in (*self.skips, self.middle))
        return Residuals(tuple(skips), middle)


@dataclass
class Guide:
    """One guide as the loop needs it.

    `hint` is the control map, batch x 3 x height x width in [0, 1], of the run's batch without the doubling for
    classifier-free guidance. `start` and `end` are fractions of the steps.
    """

    network: Any  # diffusers ControlNetModel
    hint: Tensor
    strength: float = 1.0
    start: float = 0.0
    end: float = 1.0
    lead: Lead = "balanced"
    _encoded: dict[int, Tensor] = field(default_factory=dict, repr=False)

    def acts_at(self, step: int, steps: int) -> bool:
        """Whether this guide takes part in step `step` (from 0) of `steps`, by diffusers' window rule."""
        outside = step / steps < self.start or (step + 1) / steps > self.end
        return not outside and self.strength > 0

    def encoded_hint(self, doublings: int) -> Tensor:
        """The hint after the hint encoder, for the batch once or twice; encoded once per run.

        The doubled one is encoded as a doubled batch, as diffusers does: convolutions of another batch size may round
        differently.
        """
        if doublings not in self._encoded:
            hint = torch.cat([self.hint] * doublings) if doublings > 1 else self.hint
            self._encoded[doublings] = self.network.controlnet_cond_embedding(hint)
        return self._encoded[doublings]


class DualBranch:
    """A locked UNet with any number of guides; called once per step."""

    def __init__(self, unet: Any, guides: Sequence[Guide]) -> None:
        self._unet = unet
        self._guides = tuple(guides)

    def predict(
        self, sample: Tensor, timestep: Tensor, text: Tensor, step: int, steps: int, *, doubled: bool
    ) -> Tensor:
        """Return the model output for `sample` (batch x channels x h x w) at step `step` of `steps`.

        `doubled` says that the batch holds the unconditional half first, then the conditional one, and `text` likewise.
        """
        residuals = self._residuals(sample, timestep, text, step, steps, doubled)
        added = {}
        if residuals is not None:
            added = {
                "down_block_additional_residuals": residuals.skips,
                "mid_block_additional_residual": residuals.middle,
            }
        return self._unet(sample, timestep, encoder_hidden_states=text, return_dict=False, **added)[0]

    def _residuals(
        self, sample: Tensor, timestep: Tensor, text: Tensor, step: int, steps: int, doubled: bool
    ) -> Residuals | None:
        """The sum over the guides that act now, in their order (diffusers' `MultiControlNetModel` adds in it too)."""
        total: Residuals | None = None
        for guide in self._guides:
            if not guide.acts_at(step, steps):
                continue
            if guide.lead == "control" and doubled:
                own = run_branch(guide, sample.chunk(2)[1], timestep, text.chunk(2)[1], doublings=1).on_second_half()
            else:
                own = run_branch(guide, sample, timestep, text, doublings=2 if doubled else 1)
            total = own if total is None else total + own
        return total


def run_branch(guide: Guide, sample: Tensor, timestep: Tensor, text: Tensor, *, doublings: int) -> Residuals:
    """Run the trainable branch of `guide` once and return its residuals, scaled.

    The forward pass of diffusers' `ControlNetModel` for UNets without class or size conditions, taken apart so that the
    hint need not be encoded again at each step.
    """
    network = guide.network
    embedding = network.time_embedding(network.time_proj(timestep.expand(len(sample))).to(sample.dtype))
    hidden = network.conv_in(sample) + guide.encoded_hint(doublings)
    skips = (hidden,)
    for block in network.down_blocks:
        extra = {"encoder_hidden_states": text} if getattr(block, "has_cross_attention", False) else {}
        hidden, outputs = block(hidden_states=hidden, temb=embedding, **extra)
        skips += outputs
    if getattr(network.mid_block, "has_cross_attention", False):
        hidden = network.mid_block(hidden, embedding, encoder_hidden_states=text)
    else:
        hidden = network.mid_block(hidden, embedding)
    zeroed = tuple(conv(skip) for conv, skip in zip(network.controlnet_down_blocks, skips, strict=True))
    return Residuals(zeroed, network.controlnet_mid_block(hidden)).scaled(guide.strength, guide.lead)
