"""The models this program knows: bases and controls, with what a person and the engine need to know about each.

Capabilities stand on the record. Adding a model touches one place, this file.
"""

from __future__ import annotations

from core.value import Value
from pipeline.request import Count, Guidance, Height, Steps, Width


class Defaults(Value):
    """What a base uses where a request leaves a field open."""

    width: Width
    height: Height
    steps: Steps
    guidance: Guidance
    sampler: str
    count: Count = 1


class BaseEntry(Value):
    """A locked diffusion model with text encoder, autoencoder, tokenizer and scheduler, in diffusers layout."""

    id: str
    family: str
    title: str
    summary: str
    licence: str
    folder: str  # under the models folder
    defaults: Defaults
    size_multiple: int  # pixels; what the autoencoder and the locked encoder divide by
    samplers: tuple[str, ...]
    known_words: str | None = None  # a JSON file under `folder`, for models that know few words


class ControlEntry(Value):
    """A trainable branch, trained over bases of one family."""

    id: str
    family: str
    title: str
    summary: str
    licence: str
    folder: str
    annotators: tuple[str, ...]  # kinds it was trained with, the best first


BASES: tuple[BaseEntry, ...] = (
    BaseEntry(
        id="starter",
        family="starter",
        title="Built-in",
        summary="A small model made by this project: landscapes, houses, trees and boats, soft but quick.",
        licence="Apache-2.0",
        folder="starter/base",
        defaults=Defaults(width=256, height=256, steps=8, guidance=3.0, sampler="ddim"),
        size_multiple=16,
        samplers=("ddim", "euler", "euler_a", "dpmpp_2m", "unipc", "lcm"),
        known_words="words.json",
    ),
)

CONTROLS: tuple[ControlEntry, ...] = (
    ControlEntry(
        id="starter/scribble",
        family="starter",
        title="Scribble",
        summary="Follows the lines of a drawing.",
        licence="Apache-2.0",
        folder="starter/controls/scribble",
        annotators=("scribble", "canny", "invert", "none"),
    ),
)
