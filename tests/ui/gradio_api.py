"""The page's handlers as its script calls them: POST /gradio_api/run/predict, by component and event."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

import httpx

from core.picture import Picture

WAIT = 120  # seconds


def drawing(picture: Picture) -> dict[str, Any]:
    """The canvas's value with `picture` drawn on it."""
    image = base64.b64encode(picture.to_png()).decode("ascii")
    return {"mode": "draw", "image": f"data:image/png;base64,{image}", "rev": 1}


class PageApi:
    """What the page of `url` says of its components and handlers, and a way to call those."""

    def __init__(self, url: str) -> None:
        # A connection for each request: after an answer that Gradio could not write, uvicorn ends the one it was on.
        self.http = httpx.Client(base_url=url, timeout=WAIT, limits=httpx.Limits(max_keepalive_connections=0))
        config = self.http.get("/config").json()
        self._components = {component["id"]: component["props"] for component in config["components"]}
        self._handlers = config["dependencies"]

    def handler(self, elem_id: str, event: str, reads: Iterable[str] = ()) -> dict[str, Any]:
        """The handler that `event` of the component `elem_id` calls; of the page itself for an empty `elem_id`.

        Of several, the first that is given the values of all the components in `reads`.
        """
        for handler in self._handlers:
            if set(reads) <= set(self.inputs(handler)):
                for component, name in handler["targets"]:
                    if name == event and self._name(component) == elem_id:
                        return handler
        raise LookupError(f"nothing happens on {event} of {elem_id}")

    def inputs(self, handler: dict[str, Any]) -> list[str]:
        """The elem_ids of the components whose values the handler is given, in order."""
        return [self._name(component) for component in handler["inputs"]]

    def _name(self, component: int) -> str:
        return self._components.get(component, {}).get("elem_id") or ""

    def values(self, handler: dict[str, Any], **changed: Any) -> list[Any]:
        """What the page would send at first, with the values of the components named in `changed` (- as _) replaced."""
        names = self.inputs(handler)
        changed = {name.replace("_", "-"): value for name, value in changed.items()}
        assert set(changed) <= set(names), f"{set(changed) - set(names)} is no input"
        first = [self._components[component].get("value") for component in handler["inputs"]]
        return [changed.get(name, value) for name, value in zip(names, first, strict=True)]

    def call(self, handler: dict[str, Any], data: Any, **extra: Any) -> httpx.Response:
        """Send `data` as JSON, NaN and infinities as Python and JavaScript libraries write them."""
        body = json.dumps({"fn_index": handler["id"], "session_hash": "abc", "data": data, **extra})
        return self.http.post(
            "/gradio_api/run/predict", content=body.encode(), headers={"content-type": "application/json"}
        )

    def health(self) -> dict[str, Any]:
        answer = self.http.get("/api/v1/health")
        assert answer.status_code == 200
        return answer.json()
