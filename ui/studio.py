"""The Studio: the guide on the left, the picture in the middle, the settings on the right, words on top."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import gradio as gr
from pydantic import ValidationError

from core.errors import NotFound, UserError
from core.picture import Picture
from core.wording import explain_invalid
from pipeline.engine import Engine
from pipeline.metadata import SavedSettings, read_png
from pipeline.request import MAX_SEED, ResolvedRequest
from ui.canvas import GuideCanvas
from ui.examples import Example, list_examples
from ui.messages import bind
from ui.settings import StudioForm
from ui.viewer import KeepSeed, OpenPicture, RestoreSettings, ShowMessage, Viewer, WatchRun

# What the browser tab remembers of the run it watched (viewer.js), so that a reload finds its settings again.
REMEMBERED_RUN = (
    "() => { try { return JSON.parse(sessionStorage.getItem('controlnet-studio.run')).run } catch { return '' } }"
)


class Studio:
    """Builds the tab inside an open `gr.Blocks` and connects it to the engine."""

    def __init__(self, engine: Engine, demo: gr.Blocks) -> None:
        self._engine = engine
        self._form = StudioForm(engine.library)
        self._layout()
        self._connect(demo)

    def _layout(self) -> None:
        form = self._form
        with gr.Row(elem_id="words", equal_height=True):
            form.build_prompt()
            self.generate = gr.Button("Generate", variant="primary", elem_id="generate", min_width=110, scale=0)
            self.stop = gr.Button("Stop", variant="secondary", elem_id="stop", min_width=80, scale=0)
        with gr.Row(elem_id="studio"):
            with gr.Column(scale=3, min_width=300, elem_id="guides"):
                self._layout_examples()
                form.build_guide()
            with gr.Column(scale=6, min_width=320, elem_id="picture"):
                self.viewer = Viewer(elem_id="viewer")
            with gr.Column(scale=2, min_width=220, elem_id="settings"):
                form.build_settings()
        self.remembered = gr.Textbox(visible=False)
        self.seen = gr.State("")  # the source whose annotator was proposed last

    def _layout_examples(self) -> None:
        self.examples: list[tuple[Example, gr.Button]] = []
        with gr.Row(elem_id="examples"):
            gr.Markdown("Try one:", elem_id="examples-word")
            for number, example in enumerate(list_examples()):
                button = gr.Button(example.title, size="sm", min_width=60, elem_id=f"example-{number}")
                self.examples.append((example, button))

    def _connect(self, demo: gr.Blocks) -> None:
        form = self._form
        bind(self.generate.click, self._generate, form.inputs, [self.viewer, form.seed], trigger_mode="multiple")
        bind(self.stop.click, None, None, None, js="() => { window.controlnetStudio.stop(); }")
        for example, button in self.examples:
            bind(button.click, lambda chosen=example: (chosen.open_drawing(), chosen.prompt), None, form.drawn)
        bind(form.canvas.input, form.suit_annotator, [form.canvas, form.annotator.kind, self.seen],
             [form.annotator.kind, self.seen], trigger_mode="always_last")  # fmt: skip
        for change in form.map_changes:
            bind(change, self._preview_map, form.map_inputs, form.map_view, trigger_mode="always_last")
        for change in (form.width.change, form.height.change):
            bind(change, resize_canvas, [form.width, form.height], form.canvas, trigger_mode="always_last")
        bind(form.dice.click, lambda: (str(secrets.randbelow(MAX_SEED + 1)), True), None, [form.seed, form.keep_seed])
        bind(self.viewer.input, self._keep_seed, self.viewer, [form.seed, form.keep_seed])
        bind(self.viewer.select, self._restore, self.viewer, [self.viewer, *form.outputs])
        bind(self.viewer.upload, self._restore, self.viewer, [self.viewer, *form.outputs])
        bind(demo.load, self._resume, self.remembered, form.outputs_without_canvas, js=REMEMBERED_RUN)
        bind(demo.load, self._preview_map, form.map_inputs, form.map_view)  # a drawing kept over a reload

    def _generate(self, *values: Any) -> tuple[Any, Any]:
        """Submit what the form holds; the viewer watches the run by itself."""
        try:
            request, note = self._form.read(values)
            run = self._engine.submit(request, notes=(note,) if note else ())
        except ValidationError as error:
            return ShowMessage(sentence=explain_invalid(error.errors())), gr.skip()
        except UserError as error:
            return ShowMessage(sentence=str(error)), gr.skip()
        return WatchRun(run=run.id), str(run.request.seed)

    def _preview_map(self, *values: Any) -> Picture | None:
        """The control map of what is drawn now; made once and shared with the run."""
        asked = self._form.read_map(values)
        if asked is None:
            return None
        source, annotator, width, height = asked
        return self._engine.maps.get(source.picture, annotator, width, height)

    def _keep_seed(self, action: Any) -> tuple[Any, Any]:
        return (str(action.seed), True) if isinstance(action, KeepSeed) else (gr.skip(), gr.skip())

    def _restore(self, action: Any) -> list[Any]:
        """Fill the form from a saved picture, chosen from the strip or given as a file."""
        untouched = [gr.skip()] * len(self._form.outputs)
        try:
            if isinstance(action, RestoreSettings):
                data = self._engine.outputs.read(action.name)
            elif isinstance(action, OpenPicture):
                data = action.data
            else:
                return [gr.skip(), *untouched]
            settings = read_png(data)
            sentence = self._say_what_is_back(settings)
        except UserError as error:
            return [ShowMessage(sentence=str(error)), *untouched]
        return [ShowMessage(sentence=sentence, tone="note"), *self._form.write(settings.request)]

    def _say_what_is_back(self, settings: SavedSettings) -> str:
        """One sentence or two about what was restored, and whether Generate can make the same pixels again.

        Raises:
            BadRequest: it was made with a base that is not here.
            ModelUnusable: the base is damaged.
        """
        request = settings.request
        base = self._engine.library.find_base(request.base)
        if settings.weights.get(base.id) not in (None, self._engine.library.check(base)):
            again = "It was made with other weights, so Generate will make something like it."
        elif len(request.controls) > 1:
            again = f"It had {len(request.controls)} guides, of which the first is shown here."
        else:
            again = "Generate makes it again."
        return f"The settings{' and the drawing' if request.controls else ''} are back. {again}"

    def _resume(self, run_id: str) -> Sequence[Any]:
        """After a reload: the settings of the run this tab watched; the canvas brings its drawing back by itself."""
        try:
            request: ResolvedRequest = self._engine.find(run_id or "").request
        except NotFound:
            return [gr.skip()] * len(self._form.outputs_without_canvas)
        return self._form.write_without_canvas(request)


def resize_canvas(width: Any, height: Any) -> Any:
    """Give the canvas the shape of the picture; a size that is being typed is left alone."""
    sides = [int(side) for side in (width, height) if isinstance(side, (int, float)) and 64 <= side <= 2048]
    return GuideCanvas(width=sides[0], height=sides[1]) if len(sides) == 2 else gr.skip()
