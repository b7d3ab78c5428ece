"""Every handler of the page goes through here: whatever happens, the person reads one sentence and the server lives."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import gradio as gr

from core.errors import Cancelled, describe


def guarded(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a handler so that it never raises anything but `gr.Error` with a sentence.

    `BaseException`, because SystemExit or KeyboardInterrupt from a handler would end Gradio's event loop while the port
    stays open (docs/security.md).
    """

    @functools.wraps(handler)
    def safe(*values: Any) -> Any:
        try:
            return handler(*values)
        except gr.Error:
            raise
        except Cancelled:
            return gr.skip()
        except BaseException as error:
            raise gr.Error(describe(error), print_exception=False) from None

    safe.__dict__["is_guarded"] = True  # tests/ui/test_handlers.py looks for it on every handler of the page
    return safe


def bind(
    trigger: Callable[..., Any], handler: Callable[..., Any] | None, inputs: Any, outputs: Any, **options: Any
) -> Any:
    """Attach `handler` to an event of a component, guarded, quick (no queue) and without Gradio's dimming.

    The engine has its own queue; Gradio's would only add its waiting to ours.
    """
    return trigger(
        guarded(handler) if handler else None,
        inputs,
        outputs,
        **{"queue": False, "show_progress": "hidden", "api_visibility": "private", **options},
    )
