"""What our own Gradio components share: assets read from files, and a metaclass that leaves the source tree alone."""

from __future__ import annotations

from abc import ABCMeta
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.component_meta import ComponentMeta, updateable

ASSETS = Path(__file__).parent / "assets"


class QuietComponentMeta(ComponentMeta):
    """Gradio's metaclass without its side effect: it writes a `.pyi` file next to the module at import.

    Such a stub goes stale and hides the module from type checkers. Events come from the base class, so all that is
    left to do is `updateable`, which lets a handler return `Component(prop=...)` as an update.
    """

    def __new__(mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> type:
        if "__init__" in attrs:
            attrs["__init__"] = updateable(attrs["__init__"])
        return ABCMeta.__new__(mcs, name, bases, attrs)


class OwnComponent(gr.HTML, metaclass=QuietComponentMeta):
    """The base of our components: markup, style and script from `ui/assets`, a value that is plain JSON."""

    def __getattr__(self, name: str) -> Any:
        # gr.HTML answers every name that stands quoted in the script with an event listener. We have no such events,
        # and `hasattr` must tell the truth when Gradio builds an update.
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")


@cache
def asset(*names: str) -> str:
    """Return the files `names` of ui/assets joined in this order."""
    return "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in names)
