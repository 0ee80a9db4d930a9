"""What a tool's own pipeline finds in an image, as the tests compare it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, TypedDict

import numpy as np


class Found(TypedDict, total=False):
    """A thing: its label and score, and one of the others, all in pixels of the image file."""

    label: str
    score: float
    box: list[float]  # left, top, right, bottom
    corners: list[list[float]]  # of a turned box, [4, 2]
    points: dict[str, list[float]]  # name: x, y, score
    mask: list[int]  # see run_lengths


def run_lengths(mask: Any) -> list[int]:
    """The lengths of runs of a mask [height, width], row by row; the first is of what is outside."""
    flat = np.asarray(mask, dtype=bool).ravel()
    ends = np.flatnonzero(np.diff(flat)) + 1
    edges = [0, *ends.tolist(), len(flat)]
    lengths = [end - begin for begin, end in pairwise(edges)]
    return [0, *lengths] if flat[0] else lengths
