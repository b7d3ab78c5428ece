"""Controls of the page from pydantic fields: default, bounds, title and description are declared once, there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, get_args, get_origin

import gradio as gr
from annotated_types import Ge, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from annotators import ANNOTATORS, Annotator
from core.errors import BadRequest


def control_for(model: type[BaseModel], name: str, **options: Any) -> Any:
    """A slider for a bounded number, a radio for a choice, from field `name` of `model`; `options` override."""
    field = model.model_fields[name]
    described: dict[str, Any] = {
        "label": field.title or name.replace("_", " ").capitalize(),
        "info": field.description,
        "interactive": True,
        "value": None if field.is_required() else field.default,
        **options,
    }
    if get_origin(field.annotation) is Literal:
        choices = [(str(choice).replace("_", " "), choice) for choice in get_args(field.annotation)]
        return gr.Radio(**{"choices": choices, **described})
    low, high = bounds_of(field)
    step = 1 if field.annotation is int else 0.01
    return gr.Slider(**{"minimum": low, "maximum": high, "step": step, **described})


def bounds_of(field: FieldInfo) -> tuple[float, float]:
    """(lowest, highest) allowed value of a bounded number field."""
    low = next(item.ge for item in field.metadata if isinstance(item, Ge))
    high = next(item.le for item in field.metadata if isinstance(item, Le))
    return low, high  # pyright: ignore[reportReturnType]


def as_number(value: Any, kind: type, title: str) -> Any:
    """A number as the page sends it (3 and 3.0 are the same there) as the `kind` a field wants.

    Raises:
        BadRequest: it is empty, or no number of that kind.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadRequest(f"{title} needs a number.")
    if kind is float:
        return float(value)
    if value != int(value):
        raise BadRequest(f"{title} needs a whole number.")
    return int(value)


class AnnotatorForm:
    """A choice of annotator with the settings of each; those of the others are hidden and keep their values."""

    def __init__(self) -> None:
        choices = [(kind.title, kind_of(kind)) for kind in ANNOTATORS]
        self.kind = gr.Dropdown(
            choices, value=choices[0][1], label="Annotator", info="How the guide is read from your picture.",
            interactive=True, elem_id="annotator",
        )  # fmt: skip
        self.groups: list[gr.Column] = []
        self._fields: list[tuple[type[Annotator], str, Any]] = []
        for annotator in ANNOTATORS:
            names = [name for name in annotator.model_fields if name != "kind"]
            with gr.Column(visible=annotator is ANNOTATORS[0] and bool(names)) as group:
                for name in names:
                    elem_id = f"{kind_of(annotator)}-{name}"
                    self._fields.append((annotator, name, control_for(annotator, name, elem_id=elem_id)))
            self.groups.append(group)
        bind_visibility(self.kind, self.groups)

    @property
    def inputs(self) -> list[Any]:
        return [self.kind, *(component for _, _, component in self._fields)]

    def read(self, values: Sequence[Any]) -> Annotator:
        """The annotator that the values of `inputs` describe.

        Raises:
            BadRequest: there is no such annotator, or a setting is no number.
            pydantic.ValidationError: a setting is out of range.
        """
        kind, *settings = values
        chosen = next((annotator for annotator in ANNOTATORS if kind_of(annotator) == kind), None)
        if chosen is None:
            raise BadRequest("There is no such annotator.")
        fields = {}
        for (annotator, name, _), value in zip(self._fields, settings, strict=True):
            if annotator is chosen:
                field = annotator.model_fields[name]
                number = field.annotation in (int, float)
                fields[name] = as_number(value, field.annotation, field.title or name) if number else value  # pyright: ignore[reportArgumentType]
        return chosen(**fields)

    def write(self, annotator: Annotator | None) -> list[Any]:
        """Updates for `inputs` that show `annotator`; None is shown as a finished map."""
        kind = kind_of(type(annotator)) if annotator else "none"
        updates: list[Any] = [gr.update(value=kind)]
        for owner, name, _ in self._fields:
            updates.append(getattr(annotator, name) if type(annotator) is owner else gr.skip())
        return updates


def kind_of(annotator: type[Annotator]) -> str:
    """The literal that names an annotator in JSON."""
    return annotator.model_fields["kind"].default


def bind_visibility(kind: gr.Dropdown, groups: list[gr.Column]) -> None:
    """Show the settings of the chosen annotator alone."""
    from ui.messages import bind

    def show(chosen: str) -> list[Any]:
        return [
            gr.Column(visible=kind_of(annotator) == chosen and len(annotator.model_fields) > 1)
            for annotator in ANNOTATORS
        ]

    bind(kind.change, show, kind, groups)
