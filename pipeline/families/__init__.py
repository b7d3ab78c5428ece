"""Families: bases and controls that fit together. `FAMILIES` is the whole list; one file holds what differs."""

from __future__ import annotations

from pipeline.families.base import Family, LoadedBase
from pipeline.families.stable_diffusion import StableDiffusionFamily

FAMILIES: tuple[Family, ...] = (StableDiffusionFamily(id="starter", title="Built-in"),)


def find_family(family_id: str) -> Family:
    """Return the family with this id; the catalogue names no other."""
    return next(family for family in FAMILIES if family.id == family_id)


__all__ = ["FAMILIES", "Family", "LoadedBase", "find_family"]
