"""What a family is to the rest of the program."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from pipeline.device import DevicePlan


class LoadedBase(Protocol):
    """A base in memory, ready to run."""

    unet: Any
    scheduler_config: dict[str, Any]

    def encode_text(self, prompt: str, negative: str, count: int, *, doubled: bool) -> Tensor:
        """Text embeddings, (count or 2 * count) x tokens x channels, the unconditional half first when doubled."""
        ...

    def cut_from(self, prompt: str) -> str:
        """The end of `prompt` that the text encoder has no room for, or an empty string."""
        ...

    def latent_shape(self, count: int, width: int, height: int) -> tuple[int, ...]: ...

    def decode(self, latents: Tensor) -> Tensor:
        """Pictures, batch x 3 x height x width, about [-1, 1], not clamped; some numbers may not be finite."""
        ...

    def decode_in_full_precision(self, latents: Tensor) -> Tensor:
        """The same with the autoencoder in fp32, for one retry."""
        ...


class Family(Protocol):
    """Bases and controls that fit together."""

    @property
    def id(self) -> str: ...

    @property
    def title(self) -> str: ...

    def load_base(self, folder: Path, plan: DevicePlan) -> LoadedBase: ...

    def load_control(self, folder: Path, plan: DevicePlan) -> torch.nn.Module: ...
