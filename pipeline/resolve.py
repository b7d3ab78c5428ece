"""From what was asked to what will run: defaults filled, sizes rounded, guides fitted, names checked.

Everything that can be refused is refused here, before a run exists and before any weight is touched.
"""

from __future__ import annotations

import secrets

from core.errors import BadRequest
from core.picture import Picture, fit_picture
from pipeline.catalog import BaseEntry
from pipeline.library import Library
from pipeline.request import MAX_SEED, ControlInput, GenerationRequest, ResolvedRequest
from pipeline.samplers import find_sampler


def resolve(request: GenerationRequest, library: Library) -> tuple[ResolvedRequest, tuple[str, ...]]:
    """Return the request with nothing left open, and sentences about what was changed on the way.

    Raises:
        BadRequest: an unknown base, control or sampler, or a control of another family.
    """
    base = library.find_base(request.base)
    defaults = base.defaults
    notes: list[str] = []
    width, height = _round_size(
        request.width or defaults.width, request.height or defaults.height, base.size_multiple, notes
    )
    sampler = find_sampler(request.sampler or defaults.sampler)
    if sampler.id not in base.samplers:
        raise BadRequest(f"{base.title} works with these samplers: {', '.join(base.samplers)}.")
    for control in request.controls:
        library.find_control(control.control, base)
    notes += _word_notes(request.prompt, base, library)
    resolved = ResolvedRequest(
        base=base.id,
        prompt=request.prompt.replace("\x00", ""),
        negative_prompt=request.negative_prompt.replace("\x00", ""),
        controls=tuple(_fit(control, width, height, notes) for control in request.controls),
        width=width,
        height=height,
        steps=request.steps or defaults.steps,
        guidance=defaults.guidance if request.guidance is None else request.guidance,
        sampler=sampler.id,
        seed=secrets.randbelow(MAX_SEED + 1) if request.seed is None else request.seed,
        count=request.count,
    )
    return resolved, tuple(notes)


def _round_size(width: int, height: int, multiple: int, notes: list[str]) -> tuple[int, int]:
    rounded = tuple(max(multiple, round(side / multiple) * multiple) for side in (width, height))
    if rounded != (width, height):
        notes.append(
            f"{width} x {height} was rounded to {rounded[0]} x {rounded[1]}: this model needs multiples of {multiple}."
        )
    return rounded[0], rounded[1]


def _fit(control: ControlInput, width: int, height: int, notes: list[str]) -> ControlInput:
    """The same guide with its source at the size of the picture, so that what is saved is what was used."""
    fitted = fit_picture(control.source, width, height)
    notes += [note for note in fitted.notes if note not in notes]
    return control.model_copy(update={"source": Picture(fitted.pixels)})


def _word_notes(prompt: str, base: BaseEntry, library: Library) -> list[str]:
    words = library.known_words(base)
    note = words.note_on(prompt) if words else None
    return [note] if note else []
