"""What a run says while it lives. The last event of every run is Finished, Failed or Cancelled."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from core.picture import Picture
from core.value import Value
from pipeline.request import ResolvedRequest


class Result(Value):
    """What a finished run made, and everything known about how."""

    request: ResolvedRequest
    pictures: tuple[Picture, ...]
    maps: tuple[Picture, ...]  # the control maps that conditioned the pictures, one per guide
    files: tuple[str | None, ...] = ()  # names under outputs/, None where saving failed
    notes: tuple[str, ...] = ()
    seconds: dict[str, float] = Field(default_factory=dict)  # per stage
    weights: dict[str, str] = Field(default_factory=dict)  # id -> SHA-256 of the files that were loaded
    device: str = ""
    made: datetime  # local time with its zone
    software: dict[str, str] = Field(default_factory=dict)  # package -> version, of what takes part in the pixels


class Queued(Value):
    kind: Literal["queued"] = "queued"
    waiting_for: str | None = None  # a word for the person while the models load


class Started(Value):
    kind: Literal["started"] = "started"
    request: ResolvedRequest
    notes: tuple[str, ...] = ()


class Step(Value):
    kind: Literal["step"] = "step"
    step: int  # 1-based: this many of `steps` are done
    steps: int


class Preview(Value):
    kind: Literal["preview"] = "preview"
    step: int
    picture: Picture  # the pictures of the batch side by side


class Finished(Value):
    kind: Literal["finished"] = "finished"
    result: Result


class Failed(Value):
    kind: Literal["failed"] = "failed"
    error: str


class Stopped(Value):
    kind: Literal["cancelled"] = "cancelled"


Event = Queued | Started | Step | Preview | Finished | Failed | Stopped
