"""The built-in model in memory, as the engine loads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import torch

from pipeline.device import plan_device
from pipeline.families import find_family
from pipeline.library import Library


@dataclass
class Builtin:
    base: Any
    scribble: Any


@pytest.fixture(scope="session")
def builtin() -> Builtin:
    torch.set_num_threads(1)
    library, plan, family = Library(), plan_device("cpu"), find_family("starter")
    base, control = library.bases[0], library.controls[0]
    return Builtin(
        base=family.load_base(library.folder(base), plan), scribble=family.load_control(library.folder(control), plan)
    )
