"""Which device and which number formats a session uses: chosen once, stated to the person."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import Literal

import torch

from core.errors import BadRequest

DeviceName = Literal["auto", "cuda", "mps", "cpu"]


@dataclass(frozen=True, kw_only=True)
class DevicePlan:
    """Where tensors live and in which format.

    `dtype` is that of the UNet, controls and text encoder. `vae_dtype` is that of the autoencoder, which overflows fp16
    in several public models, so on MPS it stays in fp32 from the start.
    """

    device: torch.device
    dtype: torch.dtype
    vae_dtype: torch.dtype
    words: str

    @property
    def label(self) -> str:
        return f"{self.words} {'fp16' if self.dtype == torch.float16 else 'fp32'}"


def plan_device(name: DeviceName = "auto") -> DevicePlan:
    """Choose the device: CUDA fp16, MPS fp16 with an fp32 autoencoder, or CPU fp32.

    A CPU runs fp32 only: without AVX512-BF16 or AMX half formats are ten to a hundred times slower (docs/log.md).
    Attention slicing is never switched on: on MPS it turns recycled memory into black pictures (diffusers #11229).

    Raises:
        BadRequest: the device asked for by name is not there.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise BadRequest("No CUDA device was found. Check the driver with nvidia-smi, or start with --device cpu.")
    if name == "mps" and not torch.backends.mps.is_available():
        raise BadRequest("No MPS device was found: it needs a Mac with Apple silicon. Start with --device cpu.")
    if name in ("auto", "cuda") and torch.cuda.is_available():
        words = f"CUDA {torch.cuda.get_device_name()}"
        return DevicePlan(device=torch.device("cuda"), dtype=torch.float16, vae_dtype=torch.float16, words=words)
    if name in ("auto", "mps") and torch.backends.mps.is_available():
        words = f"MPS {platform.machine()}"
        return DevicePlan(device=torch.device("mps"), dtype=torch.float16, vae_dtype=torch.float32, words=words)
    return DevicePlan(device=torch.device("cpu"), dtype=torch.float32, vae_dtype=torch.float32, words="CPU")


def release_memory(device: torch.device) -> None:
    """Give cached blocks back to the device, after an out-of-memory error."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
