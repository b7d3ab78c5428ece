"""The object that travels: everything that affects a pixel, frozen and equal by value.

What was asked (`GenerationRequest`, most fields may be left to the base) and what was resolved (`ResolvedRequest`,
nothing left open) differ. Bounds, titles and descriptions stand once, on the field types below; sliders, checks, the
REST schema, the docs and the saved settings come from them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from annotators import AnyAnnotator
from core.picture import Picture
from core.value import Value

MAX_SEED = 2**32 - 1
MAX_CONTROLS = 4

Lead = Literal["balanced", "prompt", "control"]

Strength = Annotated[
    float, Field(ge=0, le=2, strict=True, title="Strength", description="How closely the picture follows this guide.")
]
Fraction = Annotated[float, Field(ge=0, le=1, strict=True)]
Prompt = Annotated[str, Field(max_length=10_000, title="Prompt", description="What the picture shows, in words.")]
NegativePrompt = Annotated[
    str, Field(max_length=10_000, title="Negative prompt", description="What the picture should not show.")
]
Side = Annotated[int, Field(ge=64, le=2048, strict=True)]
Width = Annotated[Side, Field(title="Width", description="Pixels across; rounded to what the model needs.")]
Height = Annotated[Side, Field(title="Height", description="Pixels down; rounded to what the model needs.")]
Steps = Annotated[
    int, Field(ge=1, le=150, strict=True, title="Steps", description="More steps take longer and refine more.")
]
Guidance = Annotated[
    float,
    Field(
        ge=1, le=30, strict=True, title="Guidance", description="How closely the picture follows the words; 1 is off."
    ),
]
Seed = Annotated[
    int,
    Field(
        ge=0, le=MAX_SEED, strict=True, title="Seed", description="The same seed and settings make the same picture."
    ),
]
Count = Annotated[
    int, Field(ge=1, le=8, strict=True, title="Pictures", description="How many to make, with seeds one apart.")
]
Identifier = Annotated[str, Field(min_length=1, max_length=200)]


class ControlInput(Value):
    """One guide: a picture, how its map is made, and how the trainable branch takes part."""

    control: Identifier = Field(
        default="starter/scribble",
        title="Control",
        description="Id of a control model in the library, such as starter/scribble.",
    )
    source: Picture = Field(title="Source", description="A drawing or photo; or a finished map when annotator is null.")
    annotator: AnyAnnotator | None = Field(
        default=None, title="Annotator", description="How the map is made from the source."
    )
    strength: Strength = 1.0
    start: Fraction = Field(
        default=0.0, title="From", description="Fraction of the steps at which this guide begins to act."
    )
    end: Fraction = Field(
        default=1.0, title="To", description="Fraction of the steps at which this guide stops acting."
    )
    lead: Lead = Field(
        default="balanced",
        title="Who leads",
        description="What wins where words and guide disagree: neither, the words, or the guide.",
    )

    @model_validator(mode="after")
    def _window_in_order(self) -> ControlInput:
        if self.start > self.end:
            raise ValueError("a guide's window must begin before it ends")
        return self


class GenerationRequest(Value):
    """What a person asks for. Fields left None are filled from the base's own defaults."""

    base: Identifier = Field(default="starter", title="Model", description="Id of a base model in the library.")
    prompt: Prompt
    negative_prompt: NegativePrompt = ""
    controls: tuple[ControlInput, ...] = Field(default=(), max_length=MAX_CONTROLS, title="Guides")
    width: Width | None = None
    height: Height | None = None
    steps: Steps | None = None
    guidance: Guidance | None = None
    sampler: Identifier | None = Field(default=None, title="Sampler", description="Id of a sampler in the library.")
    seed: Seed | None = None
    count: Count = 1
    preview_every: int = Field(
        default=1, ge=0, le=150, strict=True, title="Preview every", description="Steps between previews; 0 for none."
    )


class ResolvedRequest(Value):
    """A request with nothing left open: running it again gives the same pixels on the same machine."""

    base: Identifier
    prompt: Prompt
    negative_prompt: NegativePrompt = ""
    controls: tuple[ControlInput, ...] = Field(default=(), max_length=MAX_CONTROLS)
    width: Width
    height: Height
    steps: Steps
    guidance: Guidance
    sampler: Identifier
    seed: Seed
    count: Count = 1

    def seed_of(self, index: int) -> int:
        """The seed of picture `index`: one more for each, beginning again at 0 after the largest."""
        return (self.seed + index) % (MAX_SEED + 1)

    def as_request(self) -> GenerationRequest:
        """The same as something to ask for again."""
        return GenerationRequest(**dict(self))
