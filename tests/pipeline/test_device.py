"""The device is chosen once: CUDA fp16, MPS fp16 with an fp32 autoencoder, CPU fp32. What is there is pretended."""

from __future__ import annotations

import pytest
import torch

from core.errors import BadRequest
from pipeline.device import plan_device


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch):
    def these_are_there(*, cuda: bool, mps: bool) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Pretended 4090")
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return these_are_there


@pytest.mark.parametrize(
    ("cuda", "mps", "name", "device", "dtype", "vae_dtype"),
    [
        (True, False, "auto", "cuda", torch.float16, torch.float16),
        (False, True, "auto", "mps", torch.float16, torch.float32),
        (False, False, "auto", "cpu", torch.float32, torch.float32),
        (True, True, "mps", "mps", torch.float16, torch.float32),
        (True, True, "cpu", "cpu", torch.float32, torch.float32),
    ],
)
def test_plan(pretend, cuda: bool, mps: bool, name, device: str, dtype: torch.dtype, vae_dtype: torch.dtype) -> None:
    pretend(cuda=cuda, mps=mps)
    plan = plan_device(name)
    assert (plan.device.type, plan.dtype, plan.vae_dtype) == (device, dtype, vae_dtype)
    assert plan.label.endswith("fp16" if dtype == torch.float16 else "fp32")


@pytest.mark.parametrize(("name", "word"), [("cuda", "CUDA"), ("mps", "MPS")])
def test_a_device_asked_for_that_is_not_there(pretend, name, word: str) -> None:
    pretend(cuda=False, mps=False)
    with pytest.raises(BadRequest, match=f"No {word} device"):
        plan_device(name)


def test_half_precision_weights_are_loaded_in_the_format_of_the_plan() -> None:
    """On the CPU, only to see the formats; the autoencoder stays in fp32 as on MPS."""
    from pipeline.device import DevicePlan
    from pipeline.families import find_family
    from pipeline.library import Library

    library = Library()
    plan = DevicePlan(device=torch.device("cpu"), dtype=torch.float16, vae_dtype=torch.float32, words="CPU")
    base = find_family("starter").load_base(library.folder(library.bases[0]), plan)
    control = find_family("starter").load_control(library.folder(library.controls[0]), plan)
    assert base.unet.dtype == control.dtype == torch.float16
    assert base.decode(torch.zeros(1, 16, 4, 4, dtype=torch.float16)).dtype == torch.float32
    assert base.encode_text("a house", "", 1, doubled=True).dtype == torch.float16
