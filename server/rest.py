"""The REST API under /api/v1: the same requests, runs and pictures that the page uses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from annotators import ANNOTATORS, AnyAnnotator
from core.errors import NotFound
from core.picture import Picture
from core.version import APP, VERSION
from pipeline.engine import Engine
from pipeline.events import Result
from pipeline.maps import make_map
from pipeline.metadata import write_png
from pipeline.request import GenerationRequest, Height, Width
from pipeline.run import Run
from pipeline.samplers import SAMPLERS
from server.wire import (
    AnnotatorView,
    ErrorBody,
    HealthView,
    LibraryView,
    RunAccepted,
    RunView,
    SamplerView,
    SavedList,
    SavedView,
    frame,
    view_run,
)

KEEP_ALIVE_SECONDS = 1.0  # how soon the stream notices that its reader has gone
# Pictures never change under their address, and none of them may be taken for a page.
FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}

RunId = Annotated[str, Path(max_length=64, description="The id that POST /runs gave.")]
Index = Annotated[int, Path(ge=0, le=1000, description="Which picture or map, from 0.")]
Day = Annotated[str, Path(max_length=20)]
FileName = Annotated[str, Path(max_length=120)]

PNG = {200: {"content": {"image/png": {}}, "description": "A PNG picture."}}
JPEG = {200: {"content": {"image/jpeg": {}}, "description": "A JPEG picture."}}
STREAM = {200: {"content": {"text/event-stream": {}}, "description": "Server-sent events."}}


def refusals(*statuses: int) -> dict:
    """What a route may refuse with, for the OpenAPI document; every refusal has the same body."""
    return {status: {"model": ErrorBody, "description": "Refused, in one sentence."} for status in statuses}


class AnnotateRequest(BaseModel):
    """A picture, and how its control map is to be made."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    annotator: AnyAnnotator
    source: Picture
    width: Width | None = Field(None, description="Size of the map; the source's own if left out.")
    height: Height | None = None


def build_router(engine: Engine) -> APIRouter:
    """Every route of the API over `engine`."""
    router = APIRouter()
    _add_runs(router, engine)
    _add_pictures(router, engine)
    _add_facts(router, engine)
    return router


def _add_runs(router: APIRouter, engine: Engine) -> None:
    @router.post("/runs", status_code=202, responses=refusals(400, 409, 413, 422, 503))
    def start_run(request: GenerationRequest) -> RunAccepted:
        """Queue a request. Fields left out are filled from the base's own defaults."""
        return RunAccepted(id=engine.submit(request).id)

    @router.get("/runs/{run_id}", responses=refusals(404, 422))
    def get_run(run_id: RunId) -> RunView:
        """The state of a run, and its result once it is finished."""
        return view_run(engine.find(run_id))

    @router.delete("/runs/{run_id}", status_code=202, responses=refusals(404, 422))
    def cancel_run(run_id: RunId) -> RunView:
        """Cancel a run; it ends within one step. A run that is over stays as it is."""
        return view_run(engine.cancel(run_id))

    @router.get("/runs/{run_id}/events", responses={**refusals(404, 422), **STREAM}, response_class=StreamingResponse)
    async def watch_run(
        run_id: RunId,
        request: Request,
        after: Annotated[int, Query(ge=-1, le=1_000_000, description="Skip events up to this id.")] = -1,
        last_event_id: Annotated[str | None, Header(max_length=20)] = None,
    ) -> StreamingResponse:
        """The events of a run as they happen; `Last-Event-ID` or `after` resumes where a broken stream ended."""
        if last_event_id and last_event_id.isdecimal():
            after = int(last_event_id)
        return StreamingResponse(
            _stream(engine.find(run_id), after, request),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )


async def _stream(run: Run, after: int, request: Request) -> AsyncIterator[str]:
    start = after + 1
    while not await request.is_disconnected():
        events, over = await anyio.to_thread.run_sync(run.news, start, KEEP_ALIVE_SECONDS)
        for index, event in events:
            yield frame(run.id, index, event)
            start = index + 1
        if over:
            return
        if not events:
            yield ": still here\n\n"


def _add_pictures(router: APIRouter, engine: Engine) -> None:
    @router.get("/runs/{run_id}/pictures/{index}.png", responses={**refusals(404, 422), **PNG}, response_class=Response)
    def get_picture(run_id: RunId, index: Index) -> Response:
        """Picture `index` of a finished run, lossless, with everything inside to make it again."""
        result = _finished(engine.find(run_id))
        if index >= len(result.pictures):
            raise NotFound(f"This run has {len(result.pictures)} pictures.")
        return _png(_saved_bytes(engine, result, index))

    @router.get("/runs/{run_id}/maps/{index}.png", responses={**refusals(404, 422), **PNG}, response_class=Response)
    def get_map(run_id: RunId, index: Index) -> Response:
        """The control map of guide `index`, exactly as the model was given it."""
        maps = _finished(engine.find(run_id)).maps
        if index >= len(maps):
            raise NotFound(f"This run has {len(maps)} guides.")
        return _png(maps[index].to_png())

    @router.get("/pictures", responses=refusals(422))
    def list_pictures(limit: Annotated[int, Query(ge=1, le=200)] = 40) -> SavedList:
        """The newest saved pictures first."""
        return SavedList(
            pictures=[
                SavedView(
                    url=f"/api/v1/pictures/{saved.name}",
                    thumbnail=f"/api/v1/thumbnails/{saved.name.removesuffix('.png')}.jpg",
                    **saved.model_dump(),
                )
                for saved in engine.outputs.recent(limit)
            ]
        )

    @router.get("/pictures/{day}/{name}", responses={**refusals(404, 422), **PNG}, response_class=Response)
    def get_saved(day: Day, name: FileName) -> Response:
        """A saved picture by its name."""
        return _png(engine.outputs.read(f"{day}/{name}"))

    @router.get("/thumbnails/{day}/{name}.jpg", responses={**refusals(404, 422), **JPEG}, response_class=Response)
    def get_thumbnail(day: Day, name: FileName) -> Response:
        """A small JPEG of a saved picture."""
        return Response(engine.outputs.thumbnail(f"{day}/{name}.png"), media_type="image/jpeg", headers=FOREVER)

    @router.post("/annotate", responses={**refusals(400, 413, 422), **PNG}, response_class=Response)
    def annotate(request: AnnotateRequest) -> Response:
        """The control map of a picture."""
        width, height = request.width or request.source.width, request.height or request.source.height
        return _png(make_map(request.source, request.annotator, width, height).to_png())


def _add_facts(router: APIRouter, engine: Engine) -> None:
    @router.get("/library")
    def get_library() -> LibraryView:
        """What can be asked for: bases, controls, annotators with their settings, samplers."""
        return LibraryView(
            bases=list(engine.library.bases),
            controls=list(engine.library.controls),
            annotators=[
                AnnotatorView(
                    kind=annotator.model_fields["kind"].default,
                    title=annotator.title,
                    summary=annotator.summary,
                    fields=annotator.model_json_schema(),
                )
                for annotator in ANNOTATORS
            ],
            samplers=[SamplerView(id=sampler.id, title=sampler.title) for sampler in SAMPLERS],
        )

    @router.get("/health")
    def get_health() -> HealthView:
        """Whether the program is ready, on which device, and what is wrong if anything is."""
        return HealthView(
            app=APP,
            version=VERSION,
            state=engine.readiness,
            model=engine.library.bases[0].title,
            device=engine.device_label,
            problem=engine.problem,
            storage=engine.storage_problem,
        )


def _finished(run: Run) -> Result:
    if run.result is None:
        raise NotFound(f"This run has no pictures: it is {run.state}.")
    return run.result


def _saved_bytes(engine: Engine, result: Result, index: int) -> bytes:
    """The file as it was saved; made afresh when it could not be saved or was moved since."""
    name = result.files[index] if index < len(result.files) else None
    if name is not None:
        try:
            return engine.outputs.read(name)
        except NotFound:
            pass
    return write_png(result, index)


def _png(data: bytes) -> Response:
    return Response(data, media_type="image/png", headers=FOREVER)
