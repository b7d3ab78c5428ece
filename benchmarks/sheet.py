"""A contact sheet: rows of labelled pictures, two rows side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from core.picture import Picture

CELL, GAP, LABEL = 160, 6, 16  # pixels
COLUMNS = 2  # rows beside each other
PAPER, INK, FAINT = (255, 255, 255), (20, 20, 20), (110, 110, 110)
JPEG_QUALITY = 88


@dataclass(frozen=True)
class Row:
    """A title, and pictures with what stands under each."""

    title: str
    cells: tuple[tuple[str, Picture], ...]


def write_sheet(path: Path, rows: list[Row]) -> None:
    """Write `rows` as a picture to `path`; its suffix decides the format (.png or .jpg)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draw_sheet(rows).save(path, quality=JPEG_QUALITY, optimize=True)


def draw_sheet(rows: list[Row]) -> Image.Image:
    """All rows on one sheet, from left to right, then down."""
    width = len(rows[0].cells) * (CELL + GAP) - GAP
    height = LABEL + CELL + LABEL
    lines = -(-len(rows) // COLUMNS)
    margin = 2 * GAP
    sheet = Image.new(
        "RGB",
        (COLUMNS * (width + 2 * margin), lines * (height + margin) + margin),
        PAPER,
    )
    for number, row in enumerate(rows):
        left = margin + number % COLUMNS * (width + 2 * margin)
        top = margin + number // COLUMNS * (height + margin)
        _draw_row(sheet, row, left, top, width)
    return sheet


def _draw_row(sheet: Image.Image, row: Row, left: int, top: int, width: int) -> None:
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(11)
    draw.text((left, top), _shorten(row.title, font, width), INK, font)
    for number, (label, picture) in enumerate(row.cells):
        x, y = left + number * (CELL + GAP), top + LABEL
        sheet.paste(picture.to_pil().resize((CELL, CELL), Image.Resampling.LANCZOS), (x, y))
        draw.text((x, y + CELL + 1), label, FAINT, font)


def _shorten(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """`text`, or as much of it as fits into `width` pixels."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"
