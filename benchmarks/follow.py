"""How well pictures of the built-in model follow drawings, beside what no guide, a wrong guide and a perfect one give.

The drawings are made as a person would (`starter.drawing.draw_by_hand`) from scenes the model has never seen (seeds
from 10,000,000 on), which are taken in order, none left out. Each picture is made by the program's own runner from the
scene's caption and the drawing, at the model's defaults, one noise seed a scene, the same at every strength.

The measure is the F1 of edges with a tolerance, for pictures of 256 x 256. Edges of a picture: grey, Gaussian blur with
sigma 1.5 (a soft picture has noise that is no edge), `cv2.Canny` with thresholds 15 and 40. Precision is the share
of these edge pixels that lie within 3 pixels of a line of the control map; recall is the share of the map's line pixels
that lie within 3 pixels of an edge; F1 = 2PR / (P + R). 3 pixels are about 1 % of the diagonal.

What the numbers stand between:

* floor: two unrelated landscapes share edges by accident (both have a horizon). `wrong_map` scores the pictures made at
  strength 1 against the map of another scene; `strength_0` was made from the caption alone.
* ceiling: the drawing strays from the scene by up to 5 pixels and leaves parts out, and a scene has edges nobody draws.
  `rendered` scores the scene's own picture against the drawing, `autoencoder` the same picture encoded and decoded: the
  most that the latents of this model can hold.

`--sheet FILE` writes a contact sheet of the first twelve: drawing, strength 0, strength 1, rendered scene.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from annotators import Scribble
from benchmarks.measure import bootstrap, make_parser, report, say
from benchmarks.program import FIRST_UNSEEN_SEED
from benchmarks.sheet import Row, write_sheet
from core.picture import Picture
from pipeline.families import find_family
from pipeline.library import Library
from pipeline.maps import MapCache
from pipeline.pixels import decode_pictures
from pipeline.request import ControlInput, GenerationRequest
from pipeline.resolve import resolve
from pipeline.runner import Runner
from starter.drawing import draw_by_hand
from starter.scenes import Scene, render_scene

BLUR_SIGMA, CANNY_LOW, CANNY_HIGH, TOLERANCE = 1.5, 15, 40, 3  # for 256 x 256
STRENGTHS = (0.0, 0.3, 0.6, 1.0, 1.5)
WRONG_BY = 7  # the other scene is this many further on, or half way round when there are few
SHEET_ROWS = 12


@dataclass(frozen=True)
class Score:
    """Fractions from 0 to 1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def find_edges(picture: Picture) -> np.ndarray:
    """bool height x width: the edges of a soft picture."""
    grey = cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2GRAY)
    return cv2.Canny(cv2.GaussianBlur(grey, (0, 0), BLUR_SIGMA), CANNY_LOW, CANNY_HIGH) > 0


def score_edges(picture: Picture, control_map: Picture) -> Score:
    """How well the edges of `picture` and the lines of `control_map` (light on black) lie on each other."""
    edges, lines = find_edges(picture), control_map.pixels[..., 0] > 127
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * TOLERANCE + 1, 2 * TOLERANCE + 1))
    near_lines = cv2.dilate(lines.astype(np.uint8), disc) > 0
    near_edges = cv2.dilate(edges.astype(np.uint8), disc) > 0
    return Score(
        precision=float((edges & near_lines).sum() / max(1, edges.sum())),
        recall=float((lines & near_edges).sum() / max(1, lines.sum())),
    )


@dataclass(frozen=True)
class Case:
    """One scene with the drawing of it, the map that conditioned its pictures, and the pictures by strength."""

    scene: Scene
    control_map: Picture
    pictures: dict[float, Picture]
    reconstruction: Picture


class Painter:
    """The program's own way from a request to a picture, on the CPU, without server or disk."""

    def __init__(self) -> None:
        self._library = Library()
        self._runner = Runner(self._library, MapCache(), "cpu")
        base = self._library.bases[0]
        self._base = find_family(base.family).load_base(self._library.folder(base), self._runner.plan)

    def paint_case(self, number: int, steps: int | None) -> Case:
        """Scene `number` (from 0) with its pictures at every strength."""
        scene = render_scene(FIRST_UNSEEN_SEED + number)
        drawing = draw_by_hand(scene.outline, scene.seed, scene.sun_rays)
        pictures, maps = {}, []
        for strength in STRENGTHS:
            guide = ControlInput(source=drawing, annotator=Scribble(), strength=strength)
            asked = GenerationRequest(prompt=scene.caption, controls=(guide,), seed=number, steps=steps)
            resolved, _ = resolve(asked, self._library)
            result = self._runner.execute(resolved, lambda _: None, lambda: None, preview_every=0)
            pictures[strength] = result.pictures[0]
            maps.append(result.maps[0])
        return Case(scene, maps[0], pictures, self._reconstruct(scene.picture))

    @torch.inference_mode()
    def _reconstruct(self, picture: Picture) -> Picture:
        """`picture` through the autoencoder and back."""
        base: Any = self._base
        values = torch.from_numpy(picture.pixels.astype(np.float32) / 127.5 - 1.0).permute(2, 0, 1)[None]
        latents = base.vae.encode(values).latents * base.vae.config.scaling_factor
        return decode_pictures(base, latents)[0][0]


def score_cases(cases: list[Case]) -> dict[str, list[Score]]:
    """Every condition's scores, one a case, in the order of `cases`."""
    scores = {f"strength_{strength:g}": [score_edges(case.pictures[strength], case.control_map) for case in cases]
              for strength in STRENGTHS}  # fmt: skip
    step = WRONG_BY if len(cases) > WRONG_BY else max(1, len(cases) // 2)
    others = [cases[(number + step) % len(cases)] for number in range(len(cases))]
    scores["wrong_map"] = [
        score_edges(case.pictures[1.0], other.control_map) for case, other in zip(cases, others, strict=True)
    ]
    scores["rendered"] = [score_edges(case.scene.picture, case.control_map) for case in cases]
    scores["autoencoder"] = [score_edges(case.reconstruction, case.control_map) for case in cases]
    return scores


def describe(scores: list[Score]) -> dict[str, Any]:
    """Mean and spread over the drawings; the interval is of the mean, by bootstrap over drawings."""
    f1 = np.array([score.f1 for score in scores])
    return {
        "f1": {**_mean(f1), "standard_deviation": round(float(f1.std(ddof=1)) if len(f1) > 1 else 0.0, 3),
               "min": round(float(f1.min()), 3), "max": round(float(f1.max()), 3)},
        "precision": round(float(np.mean([score.precision for score in scores])), 3),
        "recall": round(float(np.mean([score.recall for score in scores])), 3),
    }  # fmt: skip


def _mean(values: np.ndarray) -> dict[str, Any]:
    low, high = bootstrap(lambda chosen: values[chosen].mean(axis=-1), len(values))
    return {"mean": round(float(values.mean()), 3), "ci95": [round(low, 3), round(high, 3)]}


def measure(options: argparse.Namespace) -> dict[str, Any]:
    torch.set_num_threads(options.threads)
    painter = Painter()
    cases = []
    for number in range(options.drawings):
        cases.append(painter.paint_case(number, options.steps))
        say(f"{number + 1} of {options.drawings}: {cases[-1].scene.caption}")
    scores = score_cases(cases)
    if options.sheet:
        write_sheet(options.sheet, [_row(case, scores, number) for number, case in enumerate(cases[:SHEET_ROWS])])
    conditions = {name: describe(all_of_it) for name, all_of_it in scores.items()}
    for name, found in conditions.items():
        say(f"{name:13} F1 {found['f1']['mean']:.3f} {found['f1']['ci95']}")
    own, none = (np.array([score.f1 for score in scores[name]]) for name in ("strength_1", "strength_0"))
    return {
        "drawings": options.drawings,
        "first_seed": FIRST_UNSEEN_SEED,
        "conditions": conditions,
        "strength_1_less_0": {**_mean(own - none), "better": int((own > none).sum())},
        "f1_of_each": {name: [round(score.f1, 3) for score in all_of_it] for name, all_of_it in scores.items()},
    }


def _row(case: Case, scores: dict[str, list[Score]], number: int) -> Row:
    def labelled(words: str, condition: str) -> str:
        return f"{words}, F1: {scores[condition][number].f1:.2f}"

    return Row(
        title=case.scene.caption,
        cells=(
            ("drawing", case.control_map),
            (labelled("strength 0", "strength_0"), case.pictures[0.0]),
            (labelled("strength 1", "strength_1"), case.pictures[1.0]),
            (labelled("rendered", "rendered"), case.scene.picture),
        ),
    )


def main(arguments: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    parser.add_argument("--drawings", type=int, default=20, help="how many scenes (default: 20)")
    parser.add_argument("--steps", type=int, help="instead of the model's own number")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (default: 1)")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="write a contact sheet there (.png or .jpg)")
    options = parser.parse_args(arguments)
    return report("follow", options, lambda: measure(options), timed=False)


if __name__ == "__main__":
    raise SystemExit(main())
