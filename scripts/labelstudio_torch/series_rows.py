"""Time series as the tensors that the server makes of them: the input kind `time-series`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from labelstudio_export.errors import ExportError
from labelstudio_export.files import VersionFiles
from labelstudio_export.samples import Samples
from labelstudio_export.table import read_csv

from .contract import Wording

STEPS = 4096
_INPUT = "series"
# The key under which the gate gives a value to the server.
_KEY = "text"
_SEED = 0
_GENERATED = 48


class Scale(NamedTuple):
    """The usual mean and standard deviation of each channel."""

    mean: list[float]
    std: list[float]


class SeriesRows:
    """What `src/inputs/time-series` makes of columns: float32 [rows, channels, steps].

    Of a series that it cuts into windows this is the first one.

    :param channels: the columns, in the order of the model
    :param steps: the most of a row
    :param overlap: steps that two windows of a longer series share
    :param fixed: whether a shorter series is filled up to `steps` with zeros
    :param scale: what is taken off each channel and what the rest is divided by; None: 0 and 1
    """

    kind = "time-series"
    wording = Wording(
        "a series", "beside others in a batch", "let each row be computed for itself, as after model.eval()"
    )

    def __init__(
        self,
        channels: Sequence[str],
        steps: int = STEPS,
        overlap: int | None = None,
        fixed: bool = False,
        scale: Scale | None = None,
    ) -> None:
        if not 0 <= (overlap or 0) < steps:
            raise ExportError(
                "--overlap", f"it is {overlap}, and a row has {steps} steps", "give a smaller one"
            )
        self.channels, self.steps, self.fixed = list(channels), steps, fixed
        self._overlap = overlap
        self._scale = scale
        self._mean = np.array(scale.mean if scale else [0.0])[:, None]
        self._std = np.array(scale.std if scale else [1.0])[:, None]
        self.inputs = {_INPUT: {0: "rows"} if fixed else {0: "rows", 2: "steps"}}

    def options(self) -> dict[str, Any]:
        """The manifest's `input`."""
        options: dict[str, Any] = {"kind": self.kind, "channels": self.channels, "steps": self.steps}
        if self._overlap is not None:
            options["overlap"] = self._overlap
        if self._scale is not None:
            options |= self._scale._asdict()
        return options | ({"fixed": True} if self.fixed else {})

    def put(self, files: VersionFiles) -> None:
        """It has no files."""

    def samples(self, given: Sequence[dict[str, list[float]]]) -> Samples:
        """The given series and generated ones: noise, constants, one of a step, one of several windows."""
        noise = np.random.default_rng(_SEED)
        length = min(_GENERATED, self.steps)
        shape = (len(self.channels), length)
        made = [
            *(noise.normal(size=shape) for _ in range(3)),
            np.zeros(shape),
            noise.normal(size=shape) * 1e3,
        ]
        made += [noise.normal(size=(len(self.channels), count)) for count in (1, 2, length // 2 + 1)]
        made.append(noise.normal(size=(len(self.channels), self.steps + length)))
        usual = [each * self._std + self._mean for each in made]
        columns = [dict(zip(self.channels, each.tolist(), strict=True)) for each in usual]
        rows = [{_KEY: each} for each in (*given, *columns)]
        return Samples(rows, list(rows), len(given))

    def feeds(self, values: Sequence[dict[str, Any]]) -> dict[str, np.ndarray]:
        """A batch of series of the same size."""
        size = self.size(values[0])
        batch = np.zeros((len(values), len(self.channels), size), dtype=np.float32)
        for row, value in enumerate(values):
            numbers = [value[_KEY][channel][: self.steps] for channel in self.channels]
            batch[row, :, : len(numbers[0])] = self.scaled(np.array(numbers, dtype=np.float64))
        return {_INPUT: batch}

    def scaled(self, series: np.ndarray) -> np.ndarray:
        """Numbers [channels, steps] as the graph gets them, float32."""
        return ((series - self._mean) / self._std).astype(np.float32)

    def own(self, value: dict[str, Any]) -> slice:
        """All of it."""
        return slice(None)

    def alike(self, values: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those that are of the size that most have: the server puts no others into a batch."""
        ((size, _),) = Counter(map(self.size, values)).most_common(1)
        return [value for value in values if self.size(value) == size]

    def size(self, value: dict[str, Any]) -> int:
        """Steps of its row."""
        return self.steps if self.fixed else min(len(value[_KEY][self.channels[0]]), self.steps)


def read_series(folder: Path, channels: Sequence[str]) -> list[dict[str, list[float]]]:
    """The series of a folder of CSV files, by name.

    :raises ExportError: when there is none, or a column is missing or holds something else than numbers
    """
    found = sorted(folder.glob("*.csv"))
    if not found:
        raise ExportError("--samples", f"{folder} is no folder with CSV files", "give one with some series")
    return [_columns(path, channels) for path in found]


def _columns(path: Path, channels: Sequence[str]) -> dict[str, list[float]]:
    rows = read_csv(path)
    missing = [name for name in channels if name not in rows[0]]
    if missing:
        what = f"it has no column {missing[0]!r}; it has {list(rows[0])}"
        raise ExportError(str(path), what, "name those that the model takes with --channels")
    try:
        return {name: [float(row[name]) for row in rows] for name in channels}
    except ValueError as error:
        raise ExportError(str(path), str(error), "give samples without gaps") from error
