"""Between tensors and pictures."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from core.errors import DeviceFailed
from core.picture import Picture
from pipeline.families import LoadedBase


def to_hint(control_map: Picture, count: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """The control map as a hint: count x 3 x height x width in [0, 1] (the target range of pictures is [-1, 1])."""
    values = torch.from_numpy(control_map.pixels.astype(np.float32) / 255.0)
    return values.permute(2, 0, 1)[None].repeat(count, 1, 1, 1).to(device=device, dtype=dtype)


def decode_pictures(base: LoadedBase, latents: Tensor) -> tuple[tuple[Picture, ...], tuple[str, ...]]:
    """Decode finished latents into pictures, and say in a note when that needed a second try in fp32.

    Raises:
        DeviceFailed: the pictures are not finite numbers even then. NaN would otherwise become a black picture.
    """
    decoded = base.decode(latents)
    notes: tuple[str, ...] = ()
    if not torch.isfinite(decoded).all():
        decoded = base.decode_in_full_precision(latents)
        notes = ("The picture was decoded again in full precision, since half precision overflowed.",)
        if not torch.isfinite(decoded).all():
            raise DeviceFailed("The numbers overflowed while decoding, so no picture was made. Try another seed.")
    return to_pictures(decoded), notes


def to_pictures(decoded: Tensor) -> tuple[Picture, ...]:
    """Batch x 3 x height x width about [-1, 1] to pictures, rounded exactly as diffusers' image processor does."""
    values = (decoded * 0.5 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).float().cpu().numpy()
    return tuple(Picture((value * 255).round().astype(np.uint8)) for value in values)


def side_by_side(pictures: tuple[Picture, ...]) -> Picture:
    """One picture that shows a batch in a grid of at most four columns."""
    columns = min(4, len(pictures)) if len(pictures) != 4 else 2
    rows = -(-len(pictures) // columns)
    height, width = pictures[0].height, pictures[0].width
    sheet = np.zeros((rows * height, columns * width, 3), np.uint8)
    for index, picture in enumerate(pictures):
        top, left = index // columns * height, index % columns * width
        sheet[top : top + height, left : left + width] = picture.pixels
    return Picture(sheet)
