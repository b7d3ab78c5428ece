"""What is said about a scene: the phrases, how they are put together, and every word that can come up."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable

import numpy as np

from core.value import Value
from starter.objects import THINGS, Thing

NUMBERS = {2: "two", 3: "three"}
LEFT, RIGHT, MIDDLE = " on the left", " on the right", " in the middle"

# Four entries each: one random number picks among them, and one that stands twice comes up twice as often.
PLACES = {
    "grass": ("in a meadow", "on the grass", "", ""),
    "sea": ("on the sea", "on the ocean", "on the sea", "on the sea"),
    "lake": ("by a lake", "near a lake", "by a lake", "by a lake"),
}
EMPTY_PLACES = {"grass": "a meadow", "sea": "the sea", "lake": "a lake"}
TIMES = {
    "day": ("on a sunny day", "at noon", "under a blue sky", ""),
    "sunset": ("at sunset", "in the evening", "at sunset", "in the evening"),
    "night": ("at night", "at night", "at night", "at night"),
    "cloudy": ("on a cloudy day", "under a grey sky", "on a cloudy day", "under a grey sky"),
}
BEFORE_BACKGROUND = ("under", "in front of", "with")
BACKGROUNDS = ("hills", "mountains")
ROAD = "with a road"
SUN, MOON, ONE_CLOUD, CLOUDS = "the sun", "the moon", "a cloud", "clouds"
SMALL_WORDS = ("a", "an", "and", "at", "by", "front", "in", "near", "of", "on", "the", "three", "two", "under", "with")

WORD = re.compile(r"[a-z]+")


class Facts(Value):
    """What a caption tells. `light` and `ground` are keys of `TIMES` and `PLACES`; `background` is "" for none."""

    light: str
    ground: str
    background: str
    road: bool
    sky: tuple[str, ...]
    groups: tuple[str, ...]  # from `name_group`


def name_group(thing: Thing, colour: str, xs: list[float], rng: np.random.Generator) -> str:
    """Say what stands at `xs` (fractions of the width): "two green trees", "a house on the left"."""
    described = f"{colour} {thing.name}" if colour and rng.random() < 0.88 else thing.name
    if len(xs) > 1:
        return f"{NUMBERS[len(xs)]} {described}s"
    phrase = f"{_article(described)} {described}"
    if rng.random() < 0.3:
        phrase += LEFT if xs[0] < 0.38 else RIGHT if xs[0] > 0.62 else MIDDLE
    return phrase


def write_caption(facts: Facts, rng: np.random.Generator) -> str:
    """Put the facts into one line; like people, it leaves some of them out."""
    groups = list(facts.groups)
    rng.shuffle(groups)
    place = PLACES[facts.ground][rng.integers(4)]
    parts = [_enumerate(groups), place] if groups else [EMPTY_PLACES[facts.ground]]
    if facts.road and rng.random() < 0.7:
        parts.append(ROAD)
    if facts.background and rng.random() < 0.85:
        parts.append(f"{BEFORE_BACKGROUND[rng.integers(3)]} {facts.background}")
    time = TIMES[facts.light][rng.integers(4)]
    if rng.random() < 0.94:
        parts.append(time)
    if facts.sky and rng.random() < 0.6:
        parts.append("with " + " and ".join(facts.sky))
    return " ".join(part for part in parts if part)


def word_groups() -> dict[str, tuple[str, ...]]:
    """Every word a caption can hold, sorted, each in one group: things, colours, places, light, small words."""
    things = [name for thing in THINGS for name in (thing.name, f"{thing.name}s" if thing.several else "")]
    sources = {
        "small words": SMALL_WORDS,
        "things": things,
        "colours": [colour for thing in THINGS for colour in thing.colours],
        "places": [phrase for phrases in PLACES.values() for phrase in phrases]
        + [*EMPTY_PLACES.values(), *BACKGROUNDS, ROAD, LEFT, RIGHT, MIDDLE],
        "light": [phrase for phrases in TIMES.values() for phrase in phrases] + [SUN, MOON, ONE_CLOUD, CLOUDS],
    }
    taken: set[str] = set()
    groups = {}
    for group, phrases in sources.items():
        groups[group] = tuple(sorted(_words(phrases) - taken))
        taken |= set(groups[group])
    return {group: groups[group] for group in ("things", "colours", "places", "light", "small words")}


def known_words() -> tuple[str, ...]:
    """Every word a caption can hold, group by group."""
    return tuple(word for words in word_groups().values() for word in words)


def words_file() -> str:
    """The text of `models/starter/base/words.json`; `python -m starter.captions` prints it."""
    return json.dumps({"groups": word_groups()}, indent=2) + "\n"


def _words(phrases: Iterable[str]) -> set[str]:
    return {word for phrase in phrases for word in WORD.findall(phrase)}


def _article(phrase: str) -> str:
    return "an" if phrase.startswith("o") else "a"  # of our words only "orange" needs it


def _enumerate(groups: list[str]) -> str:
    return " and ".join([", ".join(groups[:-1]), groups[-1]] if len(groups) > 1 else groups)


if __name__ == "__main__":
    sys.stdout.write(words_file())
