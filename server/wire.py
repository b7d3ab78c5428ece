"""How runs, results and events look to a client: JSON, with pictures as addresses instead of bytes."""

from __future__ import annotations

import base64
import json
from typing import Any

from pydantic import BaseModel, Field

from pipeline.catalog import BaseEntry, ControlEntry
from pipeline.events import Event, Finished, Preview, Result, Started
from pipeline.request import ResolvedRequest
from pipeline.run import Run, State

API = "/api/v1"


class ErrorBody(BaseModel):
    error: str = Field(description="One sentence: what happened and what to do.")


class RunAccepted(BaseModel):
    id: str


class ControlView(BaseModel):
    control: str
    annotator: dict[str, Any] | None
    strength: float
    start: float
    end: float
    lead: str


class RequestView(BaseModel):
    """A resolved request without its pictures."""

    base: str
    prompt: str
    negative_prompt: str
    controls: list[ControlView]
    width: int
    height: int
    steps: int
    guidance: float
    sampler: str
    seed: int
    count: int


class ResultView(BaseModel):
    request: RequestView
    pictures: list[str] = Field(description="Addresses of the pictures, lossless PNG with settings inside.")
    maps: list[str] = Field(description="Addresses of the control maps that conditioned them, one per guide.")
    files: list[str | None] = Field(description="Names under outputs/; null where saving failed.")
    notes: list[str]
    seconds: dict[str, float]
    weights: dict[str, str]
    device: str


class RunView(BaseModel):
    id: str
    state: State
    error: str | None
    result: ResultView | None


class SavedView(BaseModel):
    name: str
    url: str
    thumbnail: str
    prompt: str
    seed: int | None
    made: str


class SavedList(BaseModel):
    pictures: list[SavedView]


class AnnotatorView(BaseModel):
    kind: str
    title: str
    summary: str
    fields: dict[str, Any] = Field(description="JSON schema of the settings.")


class SamplerView(BaseModel):
    id: str
    title: str


class LibraryView(BaseModel):
    bases: list[BaseEntry]
    controls: list[ControlEntry]
    annotators: list[AnnotatorView]
    samplers: list[SamplerView]


class HealthView(BaseModel):
    app: str
    version: str
    state: str
    model: str
    device: str
    problem: str | None
    storage: str | None


def view_run(run: Run) -> RunView:
    result = run.result
    return RunView(id=run.id, state=run.state, error=run.error, result=view_result(run.id, result) if result else None)


def view_request(request: ResolvedRequest) -> RequestView:
    return RequestView.model_validate(request.model_dump(exclude={"controls": {"__all__": {"source"}}}))


def view_result(run_id: str, result: Result) -> ResultView:
    return ResultView(
        request=view_request(result.request),
        pictures=[f"{API}/runs/{run_id}/pictures/{index}.png" for index in range(len(result.pictures))],
        maps=[f"{API}/runs/{run_id}/maps/{index}.png" for index in range(len(result.maps))],
        files=list(result.files),
        notes=list(result.notes),
        seconds=result.seconds,
        weights=result.weights,
        device=result.device,
    )


def view_event(run_id: str, event: Event) -> dict[str, Any]:
    """The JSON data of one event of the stream."""
    if isinstance(event, Started):
        return {"request": view_request(event.request).model_dump(), "notes": event.notes}
    if isinstance(event, Preview):
        picture = base64.b64encode(event.picture.to_jpeg()).decode("ascii")
        return {"step": event.step, "picture": f"data:image/jpeg;base64,{picture}"}
    if isinstance(event, Finished):
        return {"result": view_result(run_id, event.result).model_dump()}
    return event.model_dump(exclude={"kind"})


def frame(run_id: str, index: int, event: Event) -> str:
    """One frame of a server-sent event stream; its id is what `Last-Event-ID` brings back."""
    return f"id: {index}\nevent: {event.kind}\ndata: {json.dumps(view_event(run_id, event))}\n\n"
