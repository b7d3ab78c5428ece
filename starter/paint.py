"""A painter that keeps exact maps: each part it paints is also written into an outline and a depth map.

Parts are painted from far to near. Painting one erases the lines it covers, so that the outline holds the visible
edges and nothing else, and the depth of a pixel is that of the part one sees there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import cv2
import numpy as np

from core.picture import Picture
from starter.palette import Colour
from starter.shapes import Bounds, Shape

REFERENCE_SIZE = 256  # random choices are made on this grid, so that a seed is the same scene at every size
MIN_SIZE, MAX_SIZE = 64, 1024
FRACTION_BITS = 4  # OpenCV's fixed-point coordinates: sixteenths of a pixel
SUBPIXELS = 1 << FRACTION_BITS
TILES = 12
TILE_MARGIN = 1.25  # a tile is wider than a picture, so that each part gets its own piece of it
FILM_GRAIN = 0.012

Depth = float | Callable[[np.ndarray], np.ndarray]  # 0 far - 1 near; or a function of the height y of each row


class Line(Enum):
    """What a part does to the outline and to the depth map."""

    EDGE = "drawn around; covers the lines and the depth behind it"
    COVER = "covers what is behind it, but is too thin to be drawn around"
    MARK = "drawn around, on the face of another part whose lines stay"
    NONE = "only paint: light, foam, stars"


@dataclass(frozen=True, kw_only=True, eq=False)
class Surface:
    """How a part looks. `nearness` (0 far - 1 near) is how little of the air's haze lies before it."""

    colour: Colour
    bottom_colour: Colour | None = None  # blends from `colour` at the top of the part to this
    nearness: float = 1.0
    shade: float = 0.18  # light from above and one side, as a fraction of the brightness
    grain: float = 0.04  # unevenness, as a fraction of the brightness
    lit: bool = True  # False for what shines itself, and for the sky: neither tint nor haze
    opacity: float = 1.0


class Maps(NamedTuple):
    """What a finished canvas gives."""

    picture: Picture
    outline: Picture
    depth: Picture


class Box(NamedTuple):
    """Pixels left <= x < right, top <= y < bottom."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def window(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)


class Grain(NamedTuple):
    """A piece of a noise tile, on the reference grid."""

    tile: int
    top: int
    left: int


def line_width(size: int) -> int:
    """Width of an outline in pixels: 1 at 128, 2 at 256, 3 at 512."""
    return max(1, round(size / 170))


@functools.lru_cache(maxsize=4)
def noise_tiles(size: int) -> tuple[np.ndarray, ...]:
    """Smooth noise for pictures of `size`: float32 square arrays, mean about 0, standard deviation about 1."""
    side = round(REFERENCE_SIZE * TILE_MARGIN)
    rng = np.random.default_rng(7)
    tiles = []
    for _ in range(TILES):
        tile = np.zeros((side, side), np.float32)
        for cells, weight in ((8, 0.5), (20, 0.3), (64, 0.25), (side, 0.15)):
            coarse = rng.standard_normal((cells, cells)).astype(np.float32)
            tile += weight * cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
        tile /= tile.std()
        if size != REFERENCE_SIZE:
            tile = cv2.resize(tile, (round(size * TILE_MARGIN),) * 2, interpolation=cv2.INTER_LINEAR)
        tile.flags.writeable = False
        tiles.append(tile)
    return tuple(tiles)


class Canvas:
    """A square picture of `size` pixels in the making, with its outline and depth.

    `tint`, `haze` (float32 RGB) and `sun_side` (-1 or 1) are the scene's light, set once before the first lit part.
    A `blind` canvas makes every random choice and paints nothing: for the words alone.
    """

    def __init__(self, size: int, rng: np.random.Generator, blind: bool = False) -> None:
        if not MIN_SIZE <= size <= MAX_SIZE:
            raise ValueError(f"a scene is {MIN_SIZE} to {MAX_SIZE} pixels wide, not {size}")
        self.size = size
        self.rng = rng
        self.blind = blind
        self.tint = np.ones(3, np.float32)
        self.haze = np.zeros(3, np.float32)
        self.sun_side = 1
        self._rgb = np.zeros((3, size, size), np.float32)  # planar: NumPy's inner loops stay long
        self._outline = np.zeros((size, size), np.uint8)
        self._depth = np.zeros((size, size), np.float32)
        self._line_width = line_width(size)
        self._tiles = noise_tiles(size)

    def paint(self, shape: Shape, surface: Surface, depth: Depth, line: Line = Line.EDGE) -> None:
        """Paint one part over all that is there."""
        bounds = shape.bounds()
        reference = _pixel_box(bounds, REFERENCE_SIZE)
        if reference is None:
            return
        grain = self._choose_grain(reference) if surface.grain else None
        box = _pixel_box(bounds, self.size)
        if self.blind or box is None:
            return
        coverage = _rasterise(shape, box, self.size)
        self._blend(coverage, box, surface, self._shading(box, surface, grain))
        if line is not Line.NONE:
            inside = coverage > 127
            self._set_depth(inside, box, depth)
            self._set_outline(inside, box, line)

    def finish(self) -> Maps:
        """Lay the film grain over the picture and hand out the maps; the outline is two-level, white on black."""
        grain = self._tiles[self.rng.integers(TILES)][: self.size, : self.size]
        rgb = np.clip(self._rgb * (1 + FILM_GRAIN * grain), 0, 255).astype(np.uint8)
        margin = self._line_width + 1  # the picture's own border is no edge
        outline = np.zeros_like(self._outline)
        inner = (slice(margin, -margin),) * 2
        outline[inner] = np.where(self._outline[inner] > 127, 255, 0)
        depth = np.round(np.clip(self._depth, 0, 1) * 255).astype(np.uint8)
        return Maps(Picture(rgb.transpose(1, 2, 0)), _grey(outline), _grey(depth))

    def _choose_grain(self, reference: Box) -> Grain:
        side = round(REFERENCE_SIZE * TILE_MARGIN)
        tile = self.rng.integers(TILES)
        top = self.rng.integers(0, side - reference.height)
        return Grain(int(tile), int(top), int(self.rng.integers(0, side - reference.width)))

    def _shading(self, box: Box, surface: Surface, grain: Grain | None) -> np.ndarray:
        """float32 height x width: the factor on the part's colour."""
        shading = np.ones((box.height, box.width), np.float32)
        if grain is not None:
            tile = self._tiles[grain.tile]
            top = min(grain.top * self.size // REFERENCE_SIZE, len(tile) - box.height)
            left = min(grain.left * self.size // REFERENCE_SIZE, len(tile) - box.width)
            shading += tile[top : top + box.height, left : left + box.width] * np.float32(surface.grain)
        if surface.shade:
            slope = 0.6 * surface.shade
            across = np.linspace(-slope * self.sun_side, slope * self.sun_side, box.width, dtype=np.float32)
            down = np.linspace(1 + slope, 1 - slope, box.height, dtype=np.float32)
            shading *= across[None, :] + down[:, None]
        return shading

    def _blend(self, coverage: np.ndarray, box: Box, surface: Surface, shading: np.ndarray) -> None:
        haze = (1 - surface.nearness) ** 2 * 0.45 if surface.lit else 0.0
        tint = self.tint if surface.lit else np.float32(1)
        top = np.asarray(surface.colour, np.float32) * tint
        bottom = None if surface.bottom_colour is None else np.asarray(surface.bottom_colour, np.float32) * tint
        down = None if bottom is None else np.linspace(0, 1, box.height, dtype=np.float32)[:, None]
        alpha = coverage.astype(np.float32)
        alpha *= np.float32(surface.opacity / 255.0)
        for channel in range(3):
            base = top[channel]
            if bottom is not None and down is not None:
                base = base * (1 - down) + bottom[channel] * down
            painted = shading * (base * np.float32(1 - haze))
            if haze:
                painted += self.haze[channel] * np.float32(haze)
            behind = self._rgb[(channel, *box.window)]
            painted -= behind
            painted *= alpha
            behind += painted

    def _set_depth(self, inside: np.ndarray, box: Box, depth: Depth) -> None:
        window = self._depth[box.window]
        if callable(depth):
            rows = depth((np.arange(box.top, box.bottom, dtype=np.float32) + 0.5) / self.size)
            np.copyto(window, rows[:, None], where=inside)
        else:
            window[inside] = depth

    def _set_outline(self, inside: np.ndarray, box: Box, line: Line) -> None:
        window = self._outline[box.window]
        if line is not Line.MARK:
            window[inside] = 0
        if line is Line.COVER:
            return
        # A border of zeros lets a part that runs out of the box be closed along it; finish() clears what that draws.
        framed = cv2.copyMakeBorder(inside.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(0,))
        contours, _ = cv2.findContours(framed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        for contour in contours:
            cv2.polylines(window, [contour - 1], True, (255,), self._line_width, cv2.LINE_AA)


def _pixel_box(bounds: Bounds, size: int) -> Box | None:
    """The pixels a shape may touch, with room for its line; None when less than two columns or rows are visible."""
    room = max(2, line_width(size))
    left, top = (max(0, int(edge * size) - room) for edge in bounds[:2])
    right, bottom = (min(size, int(edge * size) + room + 1) for edge in bounds[2:])
    return Box(left, top, right, bottom) if right > left + 1 and bottom > top + 1 else None


def _rasterise(shape: Shape, box: Box, size: int) -> np.ndarray:
    """uint8 height x width of `box`: how much of each pixel the shape covers, 255 for all."""
    coverage = np.zeros((box.height, box.width), np.uint8)
    corner = np.array([box.left, box.top], np.float32)

    def fixed(points: np.ndarray) -> np.ndarray:
        return np.round((points * size - corner) * SUBPIXELS).astype(np.int32)

    for outline in shape.polygons:
        cv2.fillPoly(coverage, [fixed(outline)], (255,), cv2.LINE_AA, FRACTION_BITS)
    for x, y, radius in shape.circles:
        middle = int((x * size - box.left) * SUBPIXELS), int((y * size - box.top) * SUBPIXELS)
        cv2.circle(coverage, middle, int(radius * size * SUBPIXELS), (255,), -1, cv2.LINE_AA, FRACTION_BITS)
    for path, width in shape.strokes:
        thickness = max(1, round(width * size))
        cv2.polylines(coverage, [fixed(path)], False, (255,), thickness, cv2.LINE_AA, FRACTION_BITS)
    return coverage


def _grey(values: np.ndarray) -> Picture:
    return Picture(np.repeat(values[..., None], 3, axis=2))
