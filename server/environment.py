"""What must be settled before Gradio, torch or Pillow's plug-ins are imported."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from PIL import Image

from core.picture import FORMATS, MAX_PIXELS

# Gradio takes every parameter left open from its variables: a foreign GRADIO_SHARE or GRADIO_ALLOWED_PATHS would open a
# door. Those of a Hugging Face Space would make it believe it runs there.
FOREIGN_PREFIX = "GRADIO_"
FOREIGN_NAMES = ("SPACE_ID", "SPACE_HOST")

SETTINGS = {
    "GRADIO_ANALYTICS_ENABLED": "False",  # exactly this word; "0" counts as on
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",  # a login on this machine is not sent with public downloads
    "HF_HUB_ETAG_TIMEOUT": "5",  # seconds
    "HF_HUB_DOWNLOAD_TIMEOUT": "15",  # seconds without a byte
    "DIFFUSERS_DISABLE_REMOTE_CODE": "1",
    "PYTORCH_ENABLE_MPS_FALLBACK": "1",  # an operator that Metal lacks runs on the CPU
    "TOKENIZERS_PARALLELISM": "false",  # no thread pool for one prompt, no warning after a fork
}


def prepare_environment(temp: Path) -> None:
    """Set this process up so that nothing listens, reports or loads code behind the person's back.

    Call before Gradio and torch are imported. `temp` is an existing private folder; what Gradio caches goes there.
    Models are read with `local_files_only`, so HF_HUB_OFFLINE stays free for downloads the person asks for.
    """
    for name in list(os.environ):
        if name.upper().startswith(FOREIGN_PREFIX) or name.upper() in FOREIGN_NAMES:
            del os.environ[name]
    os.environ.update(SETTINGS, GRADIO_TEMP_DIR=str(temp))
    narrow_pillow()


def narrow_pillow() -> None:
    """Leave Pillow only the parsers `core.picture` uses, for every caller in this process, Gradio's included.

    Over thirty seldom-used formats go (one of them starts Ghostscript), and a picture of more than `MAX_PIXELS`
    raises instead of warning.
    """
    Image.init()  # registers all plug-ins once, so that none comes back later
    for name in set(Image.OPEN) - set(FORMATS):
        del Image.OPEN[name]
    Image.ID[:] = [name for name in Image.ID if name in FORMATS]
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
