"""What stands where: kinds, numbers, colours and places of the things in a scene."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from starter.captions import name_group
from starter.objects import BOAT, HOUSE, PINE_TREE, TREE, Thing

TRIES = 14  # to find a free place, before a thing is left out
ON_LAND = (HOUSE, TREE, PINE_TREE, BOAT)
SHARES = {"grass": (0.4, 0.35, 0.25, 0.0), "lake": (0.25, 0.22, 0.18, 0.35)}  # of ON_LAND


@dataclass(frozen=True, kw_only=True)
class Lake:
    """An ellipse of water, in fractions of the side."""

    x: float
    y: float
    radius_x: float
    radius_y: float


@dataclass(frozen=True, kw_only=True)
class Placed:
    """One thing at its place; `size` already tells how far away it is."""

    thing: Thing
    colour: str
    x: float
    y: float
    size: float


@dataclass
class Layout:
    """Finds places for things on ground that begins at `horizon`; `lake` is None unless the ground has one."""

    rng: np.random.Generator
    ground: str
    horizon: float
    lake: Lake | None = None
    placed: list[Placed] = field(default_factory=list)
    phrases: list[str] = field(default_factory=list)
    _taken: list[tuple[float, float]] = field(default_factory=list)  # x and half the room

    def fill(self) -> None:
        """Choose one to three things (one or two boats at sea), place them, and say what they are."""
        for thing in self._choose_kinds():
            several = thing.several and self.rng.random() < 0.3
            count = int(self.rng.integers(2, 4)) if several else 1
            colour = thing.colours[self.rng.integers(len(thing.colours))] if thing.colours else ""
            group: list[Placed] = []
            for _ in range(count):
                found = self._place(thing, colour, len(group))
                if found:
                    group.append(found)
            if group:
                self.placed += group
                self.phrases.append(name_group(thing, colour, [one.x for one in group], self.rng))

    def far_to_near(self) -> list[Placed]:
        """The order to paint in."""
        return sorted(self.placed, key=lambda one: (one.y, one.thing.name, one.x, one.size, one.colour))

    def _choose_kinds(self) -> list[Thing]:
        """The kinds without repetition, in the order they were drawn."""
        if self.ground == "sea":
            self.rng.integers(1, 3)  # the shipped weights were made with this number drawn, though boats are boats
            return [BOAT]
        count = self.rng.integers(1, 4)
        drawn = self.rng.choice(len(ON_LAND), count, p=SHARES[self.ground])
        return [ON_LAND[i] for i in dict.fromkeys(drawn.tolist())]

    def _place(self, thing: Thing, colour: str, before: int) -> Placed | None:
        """Find a place for one more of `thing`, `before` of which stand already."""
        size = self.rng.uniform(*thing.sizes)
        room = size * thing.reach
        if thing is BOAT and self.lake:
            x = self.lake.x + self.rng.uniform(-0.1, 0.1) + 0.16 * before
            y = self.lake.y + self.rng.uniform(-0.01, 0.02)
            size *= 0.75
            self._taken.append((x, room))
        elif thing is BOAT:
            place = self._find_free(room, self.horizon + 0.1, 0.85)
            if place is None:
                return None
            x, y = place
        else:
            place = self._find_free(room, self.horizon + 0.08, 0.95)
            if place is None:
                return None
            x, y = self._beside_lake(*place)
        size *= 0.75 + 0.35 * (y - self.horizon) / (1 - self.horizon)
        return Placed(thing=thing, colour=colour, x=x, y=y, size=size)

    def _find_free(self, room: float, top: float, bottom: float) -> tuple[float, float] | None:
        """A random point between the heights `top` and `bottom` with enough room to both sides."""
        for _ in range(TRIES):
            x, y = self.rng.uniform(0.13, 0.87), self.rng.uniform(top, bottom)
            if all(abs(x - taken) > (room + half) * 0.72 for taken, half in self._taken):
                self._taken.append((x, room))
                return x, y
        return None

    def _beside_lake(self, x: float, y: float) -> tuple[float, float]:
        """Move what would stand in the water to the far or the near shore."""
        lake = self.lake
        if lake is None or abs(y - lake.y) >= lake.radius_y + 0.03:
            return x, y
        if self.rng.random() < 0.6:
            return x, lake.y - lake.radius_y - 0.01
        return x, min(0.97, lake.y + lake.radius_y + 0.06)
