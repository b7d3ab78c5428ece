"""The REST API over real HTTP: the life of a run, its pictures, its events, and one sentence for every refusal."""

from __future__ import annotations

import base64
import io
import json

import httpx
import numpy as np
import pytest
from PIL import Image

from annotators import ANNOTATORS, Canny, Scribble
from core.picture import open_picture
from pipeline.metadata import read_png

WAIT = 180  # seconds

QUICK = {"prompt": "a red house", "steps": 2, "width": 128, "height": 128, "seed": 7}


@pytest.fixture(scope="module")
def client(served):
    with httpx.Client(base_url=f"{served.url}/api/v1", timeout=WAIT) as http:
        yield http


def encoded(picture) -> str:
    return base64.b64encode(picture.to_png()).decode()


def guide(picture, **fields) -> dict:
    return {"control": "starter/scribble", "source": encoded(picture), "annotator": {"kind": "scribble"}, **fields}


def start(client: httpx.Client, **fields) -> str:
    answer = client.post("/runs", json={**QUICK, **fields})
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def events_of(client: httpx.Client, run_id: str, **options) -> list[tuple[int, str, dict]]:
    """Read the stream to its end: (id, kind, data)."""
    found = []
    with client.stream("GET", f"/runs/{run_id}/events", **options) as stream:
        assert stream.status_code == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        for block in "".join(stream.iter_text()).split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            if fields:
                found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


def test_the_whole_life_of_a_run(client, house) -> None:
    run_id = start(client, controls=[guide(house)], count=2)
    events = events_of(client, run_id)
    kinds = [kind for _, kind, _ in events]
    assert kinds[0] == "queued" and kinds[1] == "started" and kinds[-1] == "finished"
    assert [data["step"] for _, kind, data in events if kind == "step"] == [1, 2]
    view = client.get(f"/runs/{run_id}").json()
    assert view["state"] == "finished" and view["error"] is None
    result = view["result"]
    assert result == events[-1][2]["result"]
    assert result["request"]["seed"] == 7 and result["request"]["sampler"] == "ddim"
    for index in range(2):
        answer = client.get(f"/runs/{run_id}/pictures/{index}.png")
        assert answer.headers["content-type"] == "image/png"
        assert open_picture(answer.content).size == (128, 128)
        assert read_png(answer.content).index == index
    shown = open_picture(client.get(f"/runs/{run_id}/maps/0.png").content)
    assert set(np.unique(shown.pixels)) == {0, 255}
    assert result["files"][0] in [saved["name"] for saved in client.get("/pictures").json()["pictures"]]


def test_everything_but_the_prompt_has_a_default(client) -> None:
    answer = client.post("/runs", json={"prompt": "a boat"})
    assert answer.status_code == 202
    result = events_of(client, answer.json()["id"])[-1][2]["result"]["request"]
    assert (result["width"], result["height"], result["steps"], result["guidance"]) == (256, 256, 8, 3.0)


def test_previews_are_pictures(client, house) -> None:
    events = events_of(client, start(client, steps=6, controls=[guide(house)]))
    previews = [data["picture"] for _, kind, data in events if kind == "preview"]
    assert previews
    head, _, body = previews[-1].partition(",")
    assert head == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(base64.b64decode(body))).size == (128, 128)


def test_events_resume_after_the_last_id(client) -> None:
    run_id = start(client, steps=5, preview_every=0)
    everything = events_of(client, run_id)
    middle = everything[3][0]
    rest = [event for event in everything if event[0] > middle]
    assert events_of(client, run_id, headers={"Last-Event-ID": str(middle)}) == rest
    assert events_of(client, run_id, params={"after": middle}) == rest


def test_cancel(client) -> None:
    run_id = start(client, steps=150, width=256, height=256)
    answer = client.delete(f"/runs/{run_id}")
    assert answer.status_code == 202
    assert events_of(client, run_id)[-1][1] == "cancelled"
    assert client.get(f"/runs/{run_id}").json()["state"] == "cancelled"
    assert client.get(f"/runs/{run_id}/pictures/0.png").status_code == 404


@pytest.mark.parametrize("picture_format", ["PNG", "JPEG", "WEBP"])
def test_sources_of_every_format(client, house, picture_format: str) -> None:
    buffer = io.BytesIO()
    house.to_pil().save(buffer, picture_format)
    source = base64.b64encode(buffer.getvalue()).decode()
    run_id = start(client, controls=[{"source": source, "annotator": {"kind": "canny", "low": 50}}])
    assert events_of(client, run_id)[-1][1] == "finished"


def test_a_map_is_used_as_it_is(client, house) -> None:
    ready = Scribble()(house)
    run_id = start(client, width=256, height=256, controls=[{"source": encoded(ready), "annotator": None}])
    assert events_of(client, run_id)[-1][1] == "finished"
    assert open_picture(client.get(f"/runs/{run_id}/maps/0.png").content) == ready


def test_annotate_is_the_annotator(client, house) -> None:
    answer = client.post(
        "/annotate", json={"annotator": {"kind": "canny", "low": 10, "high": 90}, "source": encoded(house)}
    )
    assert open_picture(answer.content) == Canny(low=10, high=90)(house)


def test_library_lists_what_there_is(client) -> None:
    library = client.get("/library").json()
    assert [base["id"] for base in library["bases"]] == ["starter"]
    assert "starter/scribble" in [control["id"] for control in library["controls"]]
    assert [annotator["kind"] for annotator in library["annotators"]] == [
        kind.model_fields["kind"].default for kind in ANNOTATORS
    ]
    canny = next(annotator for annotator in library["annotators"] if annotator["kind"] == "canny")
    assert canny["fields"]["properties"]["low"]["maximum"] == 255
    assert {"ddim", "euler", "euler_a", "dpmpp_2m", "unipc", "lcm"} == {s["id"] for s in library["samplers"]}


def test_health(client) -> None:
    health = client.get("/health").json()
    assert health["app"] == "controlnet-studio" and health["state"] == "ready"
    assert health["device"] == "CPU fp32" and health["problem"] is None


def test_saved_pictures_by_name(client) -> None:
    start(client)
    events_of(client, start(client))
    saved = client.get("/pictures", params={"limit": 1}).json()["pictures"][0]
    assert saved["prompt"] == "a red house" and saved["seed"] == 7
    whole = client.get(saved["url"].removeprefix("/api/v1"))
    assert whole.headers["content-type"] == "image/png" and read_png(whole.content).request.seed == 7
    small = client.get(saved["thumbnail"].removeprefix("/api/v1"))
    assert small.headers["content-type"] == "image/jpeg"
    assert max(Image.open(io.BytesIO(small.content)).size) <= 160


BAD_REQUESTS = {
    "no prompt": {},
    "prompt is a number": {"prompt": 7},
    "prompt is a list": {"prompt": ["a"]},
    "prompt too long": {"prompt": "x" * 10_001},
    "lone surrogate": {"prompt": "\ud800"},
    "steps 1e9": {"steps": 10**9},
    "steps 0": {"steps": 0},
    "steps is text": {"steps": "8"},
    "steps is true": {"steps": True},
    "steps is 2.5": {"steps": 2.5},
    "guidance nan": {"guidance": float("nan")},
    "guidance infinite": {"guidance": float("inf")},
    "guidance 1e308": {"guidance": 1e308},
    "negative size": {"width": -1},
    "huge size": {"width": 65_536},
    "huge batch": {"count": 10**6},
    "seed too large": {"seed": 2**70},
    "unknown sampler": {"sampler": "magic"},
    "unknown base": {"base": "../../etc"},
    "unknown field": {"loras": []},
    "five guides": {"controls": [{"source": ""}] * 5},
    "controls is an object": {"controls": {"source": ""}},
    "no source": {"controls": [{"control": "starter/scribble"}]},
    "source is a path": {"controls": [{"source": "/etc/passwd"}]},
    "source is an address": {"controls": [{"source": "http://127.0.0.1:9/x.png"}]},
    "source is a file object": {"controls": [{"source": {"path": "/etc/passwd"}}]},
    "source is text in base64": {"controls": [{"source": base64.b64encode(b"hello").decode()}]},
    "source is empty": {"controls": [{"source": ""}]},
    "unknown annotator": {"controls": [{"source": "", "annotator": {"kind": "exec"}}]},
    "annotator out of range": {"controls": [{"source": "", "annotator": {"kind": "canny", "low": 999}}]},
    "strength nan": {"controls": [{"source": "", "strength": float("nan")}]},
    "strength 3": {"controls": [{"source": "", "strength": 3}]},
    "window backwards": {"controls": [{"start": 0.8, "end": 0.2}]},
}


@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_bad_requests_are_one_sentence(client, house, name: str) -> None:
    fields = dict(BAD_REQUESTS[name])
    if name == "window backwards":
        fields["controls"] = [guide(house, start=0.8, end=0.2)]
    body = fields if name == "no prompt" else {**QUICK, **fields}
    text = json.dumps(body)  # NaN and Infinity as Python and many clients write them
    answer = client.post("/runs", content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert set(answer.json()) == {"error"}
    sentence = answer.json()["error"]
    assert sentence.endswith(".") and "\n" not in sentence and "Traceback" not in sentence and len(sentence) < 300


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_bodies_that_are_no_json_object(client, content: bytes) -> None:
    answer = client.post("/runs", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json()["error"].endswith(".")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/runs/none", 404),
        ("DELETE", "/runs/none", 404),
        ("GET", "/runs/none/events", 404),
        ("GET", "/runs/none/pictures/0.png", 404),
        ("GET", "/nothing", 404),
        ("PUT", "/runs", 405),
        ("GET", "/pictures/2026-01-01/none.png", 404),
        ("GET", "/pictures/..%2f..%2f/app.py", 404),
        ("GET", "/pictures/2026-01-01/%2e%2e%2f%2e%2e%2fapp.py", 404),
        ("GET", "/thumbnails/2026-01-01/none.jpg", 404),
    ],
)
def test_what_is_not_there(client, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.json()["error"].endswith(".")


def test_a_run_has_no_more_pictures_than_it_made(client, house) -> None:
    run_id = start(client, controls=[guide(house)])
    events_of(client, run_id)
    assert client.get(f"/runs/{run_id}/pictures/1.png").status_code == 404
    assert client.get(f"/runs/{run_id}/maps/1.png").status_code == 404


def test_a_picture_that_was_deleted_from_disk_is_made_afresh(client, served) -> None:
    run_id = start(client)
    result = events_of(client, run_id)[-1][2]["result"]
    path = served.engine.outputs.folder / result["files"][0]
    whole = path.read_bytes()
    path.unlink()
    assert open_picture(client.get(f"/runs/{run_id}/pictures/0.png").content) == open_picture(whole)
