"""The form of the Studio: its components, and how their values become a request and a request their values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from annotators import Annotator, Scribble
from annotators.scribble import looks_drawn
from core.errors import BadRequest
from pipeline.library import Library
from pipeline.request import ControlInput, GenerationRequest, ResolvedRequest
from pipeline.samplers import SAMPLERS
from ui.canvas import GuideCanvas, GuideSource
from ui.form import AnnotatorForm, as_number, bounds_of, control_for
from ui.map_view import MapView

EMPTY_CANVAS = "Nothing is drawn, so this picture follows the words alone."
NOTHING_ASKED = "Draw something or say what to make; then press Generate."


class StudioForm:
    """Components are made by the `build_...` methods, in the layout's order; then they are read and written."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._base = library.bases[0]

    def build_prompt(self) -> None:
        field = GenerationRequest.model_fields["prompt"]
        words = self._library.known_words(self._base)
        things = ", ".join(words.groups.get("things", ())[:8]) if words else ""
        self.prompt = gr.Textbox(
            label="Prompt",
            placeholder=f"What the picture shows, such as: {things}" if things else field.description,
            lines=1, max_lines=3, scale=6, elem_id="prompt", interactive=True, show_label=False, container=False,
        )  # fmt: skip

    def build_guide(self) -> None:
        defaults = self._base.defaults
        self.canvas = GuideCanvas(width=defaults.width, height=defaults.height, elem_id="canvas", label="Guide")
        self.map_view = MapView(elem_id="map")
        self.strength = control_for(ControlInput, "strength", elem_id="strength", info=None)
        with gr.Accordion("How the guide is read", open=False, elem_id="guide-more"):
            self.guide_on = gr.Checkbox(True, label="Use this guide", interactive=True, elem_id="guide-on")
            controls = [
                (control.title, control.id) for control in self._library.controls if control.family == self._base.family
            ]
            self.control = gr.Dropdown(
                controls, value=controls[0][1], label="Control model", interactive=True, elem_id="control",
                visible=len(controls) > 1,
            )  # fmt: skip
            self.annotator = AnnotatorForm()
            self.start = control_for(ControlInput, "start", elem_id="window-start", minimum=0, maximum=1)
            self.end = control_for(ControlInput, "end", elem_id="window-end", minimum=0, maximum=1)
            self.lead = control_for(ControlInput, "lead", elem_id="lead")

    def build_settings(self) -> None:
        defaults, request = self._base.defaults, ResolvedRequest.model_fields
        self.base = gr.Dropdown(
            [(base.title, base.id) for base in self._library.bases], value=self._base.id, label="Model",
            info=self._base.summary, interactive=True, elem_id="base",
        )  # fmt: skip
        with gr.Row():
            for side in ("width", "height"):
                low, high = bounds_of(request[side])
                number = gr.Number(
                    getattr(defaults, side), label=side.capitalize(), minimum=low, maximum=high, min_width=80,
                    step=self._base.size_multiple, precision=0, interactive=True, elem_id=side,
                )  # fmt: skip
                setattr(self, side, number)
        with gr.Row(equal_height=True, elem_id="seed-row"):
            self.seed = gr.Textbox(  # text, since a number field shows 0 where nothing stands
                "", label="Seed", placeholder="random", max_lines=1, interactive=True, elem_id="seed",
                min_width=110, scale=3,
            )  # fmt: skip
            self.dice = gr.Button("", size="sm", min_width=44, scale=0, elem_id="dice")
        self.keep_seed = gr.Checkbox(False, label="Keep this seed", interactive=True, elem_id="keep-seed")
        self.count = control_for(ResolvedRequest, "count", elem_id="count", value=1)
        with gr.Accordion("Sampler and steps", open=False, elem_id="sampling"):
            self.negative = gr.Textbox(
                label="Negative prompt",
                info=request["negative_prompt"].description,
                interactive=True,
                elem_id="negative",
            )
            samplers = [(sampler.title, sampler.id) for sampler in SAMPLERS if sampler.id in self._base.samplers]
            self.sampler = gr.Dropdown(
                samplers, value=defaults.sampler, label="Sampler", interactive=True, elem_id="sampler"
            )
            self.steps = control_for(ResolvedRequest, "steps", elem_id="steps", value=defaults.steps)
            self.guidance = control_for(
                ResolvedRequest, "guidance", elem_id="guidance", value=defaults.guidance, step=0.1
            )

    width: gr.Number
    height: gr.Number

    @property
    def drawn(self) -> list[Any]:
        """What an example fills."""
        return [self.canvas, self.prompt]

    @property
    def map_inputs(self) -> list[Any]:
        return [self.canvas, self.width, self.height, *self.annotator.inputs]

    @property
    def map_changes(self) -> list[Callable[..., Any]]:
        """The events after which the map looks different."""
        return [self.canvas.input, self.canvas.change, *(component.change for component in self.annotator.inputs)]

    def suit_annotator(self, source: GuideSource | None, kind: str, seen: str) -> tuple[Any, str]:
        """What to do with the annotator's choice after the source changed, and what to remember as `seen`.

        A photo that is no drawing is read by its edges, a drawing by its lines: proposed once for each photo and each
        change between paper and photo, so that a choice made by hand afterwards stands.
        """
        now = f"{source.mode}:{source.picture.digest if source.mode == 'photo' else ''}" if source else ""
        if source is None or now == seen:
            return gr.skip(), now or seen
        drawn = source.mode == "draw" or looks_drawn(source.picture)
        wanted = {("scribble", False): "canny", ("canny", True): "scribble"}.get((kind, drawn))
        return (gr.update(value=wanted) if wanted else gr.skip()), now

    @property
    def _plain(self) -> list[Any]:
        """Everything but canvas and annotator."""
        return [
            self.prompt, self.negative, self.base, self.width, self.height, self.steps, self.guidance, self.sampler,
            self.seed, self.keep_seed, self.count, self.guide_on, self.control, self.strength, self.start, self.end,
            self.lead,
        ]  # fmt: skip

    @property
    def inputs(self) -> list[Any]:
        return [self.canvas, *self._plain, *self.annotator.inputs]

    @property
    def outputs_without_canvas(self) -> list[Any]:
        return [*self._plain, *self.annotator.inputs]

    @property
    def outputs(self) -> list[Any]:
        return [self.canvas, *self.outputs_without_canvas]

    def read(self, values: Sequence[Any]) -> tuple[GenerationRequest, str | None]:
        """The request that the values of `inputs` describe, and a sentence when the guide was left out.

        Raises:
            BadRequest: nothing is asked for, or a number is missing.
            pydantic.ValidationError: something is out of range.
        """
        source, *rest = values
        names = ("prompt", "negative_prompt", "base", "width", "height", "steps", "guidance", "sampler", "seed", "keep",
                 "count", "on", "control", "strength", "start", "end", "lead")  # fmt: skip
        asked: dict[str, Any] = dict(zip(names, rest[: len(names)], strict=True))
        annotator = self.annotator.read(rest[len(names) :])
        guide = source if asked["on"] else None
        if guide is None and not (asked["prompt"] or "").strip():
            raise BadRequest(NOTHING_ASKED)
        request = GenerationRequest(
            base=asked["base"],
            prompt=asked["prompt"] or "",
            negative_prompt=asked["negative_prompt"] or "",
            controls=(_control(guide, asked, annotator),) if guide else (),
            sampler=asked["sampler"],
            seed=_read_seed(asked["seed"]) if asked["keep"] else None,
            guidance=as_number(asked["guidance"], float, "Guidance"),
            **{name: as_number(asked[name], int, name.capitalize()) for name in ("width", "height", "steps", "count")},
        )
        return request, EMPTY_CANVAS if asked["on"] and guide is None else None

    def read_map(self, values: Sequence[Any]) -> tuple[GuideSource, Annotator, int, int] | None:
        """The source, annotator, width and height of the map that `map_inputs` describe, or None without a source."""
        source, width, height, *annotator = values
        if source is None:
            return None
        multiple = self._base.size_multiple
        sides = [max(multiple, round(as_number(side, int, "Size") / multiple) * multiple) for side in (width, height)]
        return source, _settled(self.annotator.read(annotator), source), sides[0], sides[1]

    def write(self, request: ResolvedRequest) -> list[Any]:
        """Updates for `outputs` that show `request`."""
        control = request.controls[0] if request.controls else None
        return [as_source(control) if control else None, *self.write_without_canvas(request)]

    def write_without_canvas(self, request: ResolvedRequest) -> list[Any]:
        """Updates for `outputs_without_canvas` that show `request`."""
        control = request.controls[0] if request.controls else None
        guide: list[Any] = [gr.skip()] * 5
        annotator: list[Any] = [gr.skip()] * len(self.annotator.inputs)
        if control:
            guide = [control.control, control.strength, control.start, control.end, control.lead]
            annotator = self.annotator.write(_unsettled(control.annotator))
        return [
            request.prompt, request.negative_prompt, request.base, request.width, request.height, request.steps,
            request.guidance, request.sampler, str(request.seed), True, request.count, True, *guide, *annotator,
        ]  # fmt: skip


def _read_seed(text: Any) -> int | None:
    """The seed that stands in its field; None, a new one, when it is empty.

    Raises:
        BadRequest: what stands there is no whole number.
    """
    text = str(text if text is not None else "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise BadRequest("Seed needs a whole number from 0 to 4294967295, or nothing for a new one each time.")
    return int(text)


def _control(source: GuideSource, asked: dict[str, Any], annotator: Annotator) -> ControlInput:
    return ControlInput(
        control=asked["control"],
        source=source.picture,
        annotator=_settled(annotator, source),  # pyright: ignore[reportArgumentType]
        strength=as_number(asked["strength"], float, "Strength"),
        start=as_number(asked["start"], float, "From"),
        end=as_number(asked["end"], float, "To"),
        lead=asked["lead"],
    )


def _settled(annotator: Annotator, source: GuideSource) -> Annotator:
    """Our own paper is white, so a drawing on it needs no looking which way round it is."""
    if source.mode == "draw" and isinstance(annotator, Scribble) and annotator.polarity == "auto":
        return annotator.model_copy(update={"polarity": "dark_on_light"})
    return annotator


def _unsettled(annotator: Annotator | None) -> Annotator | None:
    """The reverse, for the form: the next source may be a photo, which is looked at again."""
    if isinstance(annotator, Scribble) and annotator.polarity == "dark_on_light":
        return annotator.model_copy(update={"polarity": "auto"})
    return annotator


def as_source(control: ControlInput) -> GuideSource:
    """A guide's source put back where it came from: dark lines onto the paper, anything else into the photo pane."""
    drawn = isinstance(control.annotator, Scribble) and control.annotator.polarity == "dark_on_light"
    return GuideSource(mode="draw" if drawn else "photo", picture=control.source)
