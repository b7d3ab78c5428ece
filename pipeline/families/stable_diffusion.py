"""UNet families with one CLIP text encoder: the built-in model, and Stable Diffusion's layout in general."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.errors import ModelUnusable
from pipeline.device import DevicePlan


@dataclass
class StableDiffusionBase:
    """The locked parts of a model: UNet, autoencoder, CLIP text encoder and tokenizer, on the device of `plan`."""

    unet: Any
    vae: Any
    text_encoder: Any
    tokenizer: Any
    scheduler_config: dict[str, Any]
    plan: DevicePlan

    @torch.inference_mode()
    def encode_text(self, prompt: str, negative: str, count: int, *, doubled: bool) -> Tensor:
        """See `LoadedBase`. Each text is encoded alone and repeated, as diffusers' `encode_prompt` does."""
        texts = [negative, prompt] if doubled else [prompt]
        encoded = [self._encode(text).repeat(1, count, 1).view(count, -1, self._channels) for text in texts]
        return torch.cat(encoded) if doubled else encoded[0]

    @property
    def _channels(self) -> int:
        return self.text_encoder.config.hidden_size

    def _encode(self, text: str) -> Tensor:
        length = self.tokenizer.model_max_length
        tokens = self.tokenizer(text, padding="max_length", max_length=length, truncation=True, return_tensors="pt")
        return self.text_encoder(tokens.input_ids.to(self.plan.device))[0].to(self.plan.dtype)

    def cut_from(self, prompt: str) -> str:
        tokens = self.tokenizer(prompt, truncation=False).input_ids
        kept = self.tokenizer.model_max_length - 1  # the last place is the end mark's
        return self.tokenizer.decode(tokens[kept:-1]).strip() if len(tokens) > kept + 1 else ""

    def latent_shape(self, count: int, width: int, height: int) -> tuple[int, ...]:
        scale = 2 ** (len(self.vae.config.block_out_channels) - 1)
        return (count, self.unet.config.in_channels, height // scale, width // scale)

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Tensor:
        scaled = latents / self.vae.config.scaling_factor
        return self.vae.decode(scaled.to(self.plan.vae_dtype), return_dict=False)[0]

    def decode_in_full_precision(self, latents: Tensor) -> Tensor:
        self.vae.to(torch.float32)
        try:
            with torch.inference_mode():
                return self.vae.decode(latents.float() / self.vae.config.scaling_factor, return_dict=False)[0]
        finally:
            self.vae.to(self.plan.vae_dtype)


@dataclass(frozen=True)
class StableDiffusionFamily:
    """Loads diffusers-layout folders: `unet`, `vae`, `text_encoder`, `tokenizer`, `scheduler`."""

    id: str
    title: str

    def load_base(self, folder: Path, plan: DevicePlan) -> StableDiffusionBase:
        """Load the base in `folder`; nothing is fetched, no pickle is read, no code of a model runs.

        Raises:
            ModelUnusable: a part cannot be read.
        """
        import diffusers
        import transformers

        transformers.logging.disable_progress_bar()

        def load(kind: Any, part: str, dtype: torch.dtype) -> Any:
            options = {"local_files_only": True, "use_safetensors": True, "dtype": dtype}
            if issubclass(kind, diffusers.ModelMixin):
                options["torch_dtype"] = options.pop("dtype")
            return _load(kind, folder / part, options).to(plan.device)

        vae_kind = getattr(diffusers, _class_name(folder / "vae", ("AutoencoderTiny", "AutoencoderKL")))
        return StableDiffusionBase(
            unet=load(diffusers.UNet2DConditionModel, "unet", plan.dtype),
            vae=load(vae_kind, "vae", plan.vae_dtype),
            text_encoder=load(transformers.CLIPTextModel, "text_encoder", plan.dtype),
            tokenizer=transformers.CLIPTokenizer.from_pretrained(str(folder / "tokenizer"), local_files_only=True),
            scheduler_config=_read_json(folder / "scheduler" / "scheduler_config.json"),
            plan=plan,
        )

    def load_control(self, folder: Path, plan: DevicePlan) -> torch.nn.Module:
        """Load the ControlNet in `folder`.

        Raises:
            ModelUnusable: it cannot be read.
        """
        import diffusers

        options = {"local_files_only": True, "use_safetensors": True, "torch_dtype": plan.dtype}
        return _load(diffusers.ControlNetModel, folder, options).to(plan.device)


def _class_name(folder: Path, allowed: tuple[str, ...]) -> str:
    """The class a config names, if it is one of `allowed`; a config never chooses freely what code runs."""
    name = _read_json(folder / "config.json").get("_class_name")
    if name not in allowed:
        raise ModelUnusable(f"{folder} holds a {name!r}; this program reads {' or '.join(allowed)}.")
    return name


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise ModelUnusable(f"The file {path} is missing or damaged.") from None


def _load(kind: Any, folder: Path, options: dict[str, Any]) -> Any:
    try:
        module = kind.from_pretrained(str(folder), **options)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelUnusable(f"The model in {folder} cannot be read; it may be damaged.") from error
    if any(parameter.is_meta for parameter in module.parameters()):
        raise ModelUnusable(f"The model in {folder} lacks some of its weights.")
    return module.eval().requires_grad_(False)  # the branch is locked, and so is a control that is only used
