"""Every route an application answers, mounted and included ones as well."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

EXAMPLES = {
    "path": "js/x.js", "path_or_url": "/etc/hostname", "url_path": "http://127.0.0.1/", "size": "64", "key": "k",
    "session_hash": "abc", "event_id": "abc", "api_name": "predict", "component_id": "1", "run": "1",
    "segment_id": "1", "ext": "ts", "id": "1", "environment": "client", "type": "x", "file_name": "index.js",
    "endpoint": "x", "record_id": "x", "asset_id": "x",
}  # fmt: skip


def all_routes(app: Any) -> list[tuple[str, str]]:
    """(method, path with example values filled in) of every route under `app`, sorted."""
    found = {(method, _fill(path)) for method, path in _walk(app.routes, "")}
    return sorted(found)


def _walk(routes: Iterable[Any], prefix: str) -> Iterator[tuple[str, str]]:
    for route in routes:
        included = getattr(route, "original_router", None)  # FastAPI keeps an included router whole
        if included is not None:
            yield from _walk(included.routes, prefix + route.include_context.prefix)
            continue
        path = prefix + route.path
        if getattr(route, "routes", None):
            yield from _walk(route.routes, path)
        for method in getattr(route, "methods", None) or ():
            yield method, path


def _fill(path: str) -> str:
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda match: EXAMPLES.get(match[1], "1"), path)
