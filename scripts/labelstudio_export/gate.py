"""The parity gate: the original and the exported model on the same rows, through the server's own code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .errors import ExportError
from .files import dump_json
from .node import run_version
from .reference import Reference
from .samples import Samples

# What parity.json may hold, so that a version stays small.
_KEPT_ROWS = 200
_KEPT_VALUE = 4_000
_KEPT_BYTES = 400_000
_WORST = 5
# Numbers of an answer of the server, which is one string of JSON: Node's have 2**29 characters at most.
_MOST_NUMBERS = 4_000_000

# Largest difference that passes: absolute up to 1, relative beyond (scores and values can be of any size).
DOUBLE_TOLERANCE = 1e-6
FLOAT_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Comparison:
    """For each row the difference, and whether a class changed outside the tie margin."""

    differences: np.ndarray
    changed: np.ndarray
    agreed: np.ndarray
    tolerance: float

    @property
    def failed(self) -> np.ndarray:
        """Indices of the rows that do not pass, the worst first."""
        bad = np.flatnonzero((self.differences > self.tolerance) | self.changed)
        return bad[np.argsort(-self.differences[bad], kind="stable")]

    def record(self, samples: Samples) -> dict[str, Any]:
        """The `parity` of version.json."""
        return {
            "rows": len(samples.values),
            "samples": samples.given,
            "largestDifference": float(self.differences.max(initial=0.0)),
            "tolerance": self.tolerance,
            "agreement": round(float(self.agreed.mean()), 6),
        }


def parity_file(samples: Samples, references: dict[str, Reference], tolerance: float) -> bytes:
    """`parity.json`, see `src/registry/parity.ts`: as many rows as fit, samples and hard ones alike."""
    count = len(samples.values)
    short = [index for index in range(count) if len(dump_json(samples.values[index])) <= _KEPT_VALUE]
    hard = [index for index in short if index >= samples.given]
    given = [index for index in short if index < samples.given]
    room = max(_KEPT_ROWS - len(hard), 1)
    spread = np.unique(np.linspace(0, len(given) - 1, min(room, len(given))).astype(int)) if given else []
    rows: list[dict[str, Any]] = []
    size = 0
    for index in [*hard, *(given[at] for at in spread)]:
        row = _parity_row(samples.values[index], index, references, tolerance)
        size += len(dump_json(row))
        if size > _KEPT_BYTES:
            break
        rows.append(row)
    return dump_json({"format": 1, "tolerance": tolerance, "rows": rows})


def _parity_row(value: Any, index: int, references: dict[str, Reference], tolerance: float) -> dict[str, Any]:
    row: dict[str, Any] = {"value": value, "expected": {}, "predicted": {}}
    ties = []
    for name, told in references.items():
        if told.numbers is not None:
            row["expected"][name] = [_json_number(number) for number in told.numbers[index]]
        if told.chosen is not None:
            row["predicted"][name] = list(told.chosen[index])
            if _is_tie(told, index, tolerance):
                ties.append(name)
    return row | ({"ties": ties} if ties else {})


def compare(folder: Path, samples: Samples, references: dict[str, Reference], tolerance: float) -> Comparison:
    """Runs the version on the samples and compares it with the original's answers, by output name.

    :raises ExportError: when the version cannot be run
    """
    count = len(samples.values)
    step = _together(references)
    answers = [
        answer
        for first in range(0, count, step)
        for answer in run_version(folder, samples.values[first : first + step])
    ]
    differences, changed, agreed = np.zeros(count), np.zeros(count, bool), np.ones(count, bool)
    for index, answer in enumerate(answers):
        if "error" in answer:
            differences[index], agreed[index] = np.inf, False
            continue
        for name, told in references.items():
            if told.numbers is not None:
                difference = _difference(told.numbers[index], answer["values"][name])
                differences[index] = max(differences[index], difference)
            if told.chosen is not None and tuple(answer["chosen"][name]) != told.chosen[index]:
                agreed[index] = False
                changed[index] |= not _is_tie(told, index, tolerance)
    return Comparison(differences, changed, agreed, tolerance)


def _together(references: dict[str, Reference]) -> int:
    """How many rows the server is asked for at once."""
    numbers = [told.numbers for told in references.values() if told.numbers is not None]
    row = sum(max((len(each) for each in rows), default=0) for rows in numbers)
    return max(_MOST_NUMBERS // max(row, 1), 1)


def refusal(comparison: Comparison, samples: Samples, where: str) -> ExportError:
    """Why a version did not pass, with its worst rows."""
    failed = comparison.failed
    worst = "; ".join(
        f"{_shown(samples.values[index])} is off by {comparison.differences[index]:.2g}"
        + (", another class" if comparison.changed[index] else "")
        for index in failed[:_WORST]
    )
    return ExportError(
        where,
        f"the exported model differs from the original on {len(failed)} of {len(samples.values)} rows "
        f"(tolerance {comparison.tolerance:g}): {worst}",
        "nothing was written; this kind of model or data cannot be exported exactly",
    )


def _difference(expected: np.ndarray, got: Sequence[float | str]) -> float:
    values = np.array([float(number) for number in got])
    if values.shape != expected.shape:
        return float("inf")
    with np.errstate(invalid="ignore"):
        distance = np.abs(expected - values) / np.maximum(1.0, np.abs(expected))
    same = (expected == values) | (np.isnan(expected) & np.isnan(values))
    distance[same] = 0.0
    return float(np.nan_to_num(distance, nan=np.inf).max(initial=0.0))


def _is_tie(told: Reference, index: int, tolerance: float) -> bool:
    return told.gap is not None and not told.gap[index] > 2 * tolerance


def _json_number(number: float) -> float | str:
    names = {np.inf: "Infinity", -np.inf: "-Infinity"}
    return "NaN" if np.isnan(number) else names.get(number, float(number))


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
