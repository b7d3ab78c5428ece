"""Requests, results and pictures for tests that need no model."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from core.picture import Picture
from pipeline.events import Result
from pipeline.request import ControlInput, ResolvedRequest


def noise(width: int, height: int, seed: int = 0) -> Picture:
    return Picture(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


def resolved(**fields) -> ResolvedRequest:
    return ResolvedRequest(
        **{
            "base": "starter", "prompt": "a red house", "width": 64, "height": 64, "steps": 3, "guidance": 3.0,
            "sampler": "ddim", "seed": 7, **fields,
        }
    )  # fmt: skip


def result_of(request: ResolvedRequest, made: datetime | None = None) -> Result:
    """A result with a picture of noise for each that was asked for."""
    return Result(
        request=request,
        pictures=tuple(noise(request.width, request.height, index) for index in range(request.count)),
        maps=tuple(control.source for control in request.controls),
        made=made or datetime(2026, 11, 23, 14, 2, 5, tzinfo=UTC),
    )


def guide(source: Picture, **fields) -> ControlInput:
    return ControlInput(source=source, **fields)
