"""The web application: guard outside, REST API under /api/v1, the Gradio page at /."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from core.errors import UserError, describe
from core.version import VERSION
from core.wording import explain_invalid
from pipeline.engine import Engine
from server.guard import Guard
from server.page_routes import seal_page
from server.rest import build_router

SENTENCES = {
    400: "The body of the request could not be read as JSON.",
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
}


def create_api(engine: Engine) -> FastAPI:
    """The REST API as an application of its own, so that its errors and its document are its own."""
    api = FastAPI(
        title="ControlNet Studio",
        version=VERSION,
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    api.include_router(build_router(engine))
    answer_in_sentences(api)
    return api


def answer_in_sentences(app: FastAPI) -> None:
    """Make every refusal of `app` a JSON `{"error": sentence}` with a fitting status."""

    @app.exception_handler(UserError)
    async def refuse(_: Request, error: UserError) -> JSONResponse:
        return _error(error.status, str(error))

    @app.exception_handler(RequestValidationError)
    async def refuse_invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return _error(422, explain_invalid(error.errors()))

    @app.exception_handler(HTTPException)
    async def refuse_unknown(_: Request, error: HTTPException) -> JSONResponse:
        sentence = SENTENCES.get(error.status_code, str(error.detail))
        return _error(error.status_code, sentence, error.headers)

    @app.exception_handler(Exception)
    async def apologise(_: Request, error: Exception) -> JSONResponse:
        return _error(500, describe(error))


def _error(status: int, sentence: str, headers: object = None) -> JSONResponse:
    return JSONResponse({"error": sentence}, status_code=status, headers=headers)  # pyright: ignore[reportArgumentType]


def create_app(engine: Engine, hosts: frozenset[str], *, own_engine: bool = True) -> FastAPI:
    """The whole application over `engine`, answering to the Host headers in `hosts` and to no others.

    The engine starts and stops with the server, so that torch loads behind a page that is already there; with
    `own_engine=False` it belongs to the caller.
    """
    from ui.page import mount_page

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if own_engine:
            engine.start()
        yield
        if own_engine:
            engine.stop()

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    answer_in_sentences(app)
    app.mount("/api/v1", create_api(engine))
    mount_page(app, engine)
    seal_page(app)
    app.add_middleware(Guard, hosts=hosts)
    return app
