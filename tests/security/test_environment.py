"""A hostile or careless environment opens nothing, and Pillow keeps only the parsers we use. In fresh processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from core.files import REPOSITORY

HOSTILE = {
    "GRADIO_SHARE": "True",
    "GRADIO_SERVER_NAME": "0.0.0.0",
    "GRADIO_ALLOWED_PATHS": "/",
    "GRADIO_LOCAL_DEV_MODE": "1",
    "GRADIO_ANALYTICS_ENABLED": "True",
    "GRADIO_MCP_SERVER": "True",
    "GRADIO_SSR_MODE": "True",
    "GRADIO_RUN_HISTORY": "True",
    "GRADIO_ROOT_PATH": "http://evil.com",
    "GRADIO_VIBE_MODE": "1",
    "GRADIO_TEMP_DIR": "/",
    "SPACE_ID": "evil/space",
    "HF_HUB_DISABLE_TELEMETRY": "0",
    "OMP_WAIT_POLICY": "kept",
    "HF_ENDPOINT": "http://127.0.0.1:1",
}


def run(program: str, temp: Path, **environment: str) -> dict:
    """Run `program` after prepare_environment(temp) in a process of its own; return the JSON it prints last."""
    start = "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
    start += "from server.environment import prepare_environment; prepare_environment(Path(sys.argv[2]))\n"
    done = subprocess.run(
        [sys.executable, "-c", start + program, str(REPOSITORY), str(temp)],
        env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_foreign_settings_are_gone_and_ours_stand(tmp_path):
    seen = run("import os, json; print(json.dumps(dict(os.environ)))", tmp_path, **HOSTILE)
    assert {name: value for name, value in seen.items() if name.startswith("GRADIO_")} == {
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_TEMP_DIR": str(tmp_path),
    }
    assert "SPACE_ID" not in seen
    assert seen["HF_HUB_DISABLE_TELEMETRY"] == "1"
    assert seen["PYTORCH_ENABLE_MPS_FALLBACK"] == "1"
    assert seen["OMP_WAIT_POLICY"] == "kept" and seen["HF_ENDPOINT"] == "http://127.0.0.1:1", "the person's own"


def test_nothing_is_imported_too_early(tmp_path):
    heavy = run(
        "import json; heavy = {'gradio', 'torch', 'diffusers', 'huggingface_hub'}\n"
        "print(json.dumps(sorted(heavy & set(sys.modules))))",
        tmp_path,
    )
    assert heavy == []


def test_gradio_stays_shut_and_silent_under_a_hostile_environment(tmp_path):
    """Counts every name looked up and every connection tried while a page is built, mounted and asked for."""
    program = """
import json
calls = []
def hook(event, arguments):
    if event in ("socket.getaddrinfo", "socket.connect"):
        calls.append(str(arguments[:2]) if event == "socket.getaddrinfo" else str(arguments[1]))
sys.addaudithook(hook)
import gradio as gr
from PIL import Image
from gradio import analytics, utils
from starlette.testclient import TestClient
from tests.security.targets import build_probe
with TestClient(build_probe(frozenset({"testserver"}), Path(sys.argv[2])), base_url="http://testserver") as client:
    config = client.get("/config").json()
    seen = {
        "status": client.get("/").status_code,
        "analytics": analytics.analytics_enabled(),
        "root": config["root"], "space": config.get("space_id"), "mcp": config.get("mcp_server"),
        "history": config.get("run_history"), "temp": utils.get_upload_folder(), "calls": calls,
        "parsers": sorted(Image.OPEN),
    }
print(json.dumps(seen))
"""
    seen = run(program, tmp_path, **HOSTILE)
    assert seen["status"] == 200
    assert seen["analytics"] is False
    assert seen["root"] == "http://testserver"
    assert seen["space"] is None and not seen["mcp"] and not seen["history"]
    assert Path(seen["temp"]) == tmp_path
    assert seen["calls"] == []
    assert seen["parsers"] == ["BMP", "GIF", "JPEG", "PNG", "WEBP"], "importing Gradio brought none back"


def test_the_hub_library_takes_our_settings(tmp_path):
    seen = run(
        "import json; from huggingface_hub import constants as c\n"
        "print(json.dumps([c.HF_HUB_DISABLE_TELEMETRY, c.HF_HUB_DISABLE_IMPLICIT_TOKEN, c.HF_HUB_ETAG_TIMEOUT,"
        " c.HF_HUB_DOWNLOAD_TIMEOUT, c.HF_HUB_OFFLINE, c.HF_HUB_DISABLE_UPDATE_CHECK]))",
        tmp_path,
        HF_HUB_OFFLINE="0",
    )
    assert seen == [True, True, 5, 15, False, True]


def test_pillow_keeps_five_parsers_for_everyone(tmp_path):
    program = """
import io, json
from PIL import Image
from tests.core import zoo
from PIL import EpsImagePlugin, TiffImagePlugin, FitsImagePlugin
def opens(data):
    try:
        Image.open(io.BytesIO(data)).load()
        return "opened"
    except Exception as error:
        return type(error).__name__
good = {form: opens(zoo.encode(zoo.scene(), form)) for form in ("PNG", "JPEG", "WEBP", "BMP", "GIF")}
(Path(sys.argv[2]) / "x.eps").write_bytes(zoo.strangers()["eps"])
try:
    Image.open(Path(sys.argv[2]) / "x.eps")
    by_name = "opened"
except Exception as error:
    by_name = type(error).__name__
bad = {name: opens(data) for name, data in zoo.strangers().items()}
bombs = [opens(zoo.png_bomb(7_000)), opens(zoo.png_with_header(60_000, 60_000, b""))]
print(json.dumps([sorted(Image.OPEN), sorted(Image.ID), good, bad, by_name, bombs]))
"""
    parsers, names, good, bad, by_name, bombs = run(program, tmp_path)
    assert parsers == names == ["BMP", "GIF", "JPEG", "PNG", "WEBP"]
    assert set(good.values()) == {"opened"}
    assert set(bad.values()) == {"UnidentifiedImageError"}
    assert by_name == "UnidentifiedImageError"
    assert bombs == ["DecompressionBombWarning", "DecompressionBombError"]
