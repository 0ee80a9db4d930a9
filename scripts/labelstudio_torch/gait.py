"""The trainer of the shipped segmenter of time series."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from labelstudio_train.shipped import run

from .export import TorchRequest, export_torch
from .gait_data import CHANNELS, CREDITS, LABELS, RATE, recordings
from .series import Fitted, classes_of, fit, step_f1

_DESCRIPTION = (
    "Walking, running and jumping in the accelerations of a body, of any tilt of the sensor, in g, "
    f"{RATE} a second. A small convolutional network of PyTorch."
)
_RECORDINGS, _MEASURED, _COMPARED = 3_000, 200, 3
# A version keeps what it was compared on.
_COMPARED_STEPS = 150


def main(arguments: list[str] | None = None) -> None:
    """The command: trains, measures, writes a version; exit code 1 with one line on bad input."""
    description = (
        "Train a segmenter of walking, running and jumping on made recordings, and write it as a version."
    )
    run(train, description, "gait", arguments)


def train(repository: Path, name: str) -> Path:
    """Trains and writes a version, unless the newest one already serves the same; returns its folder."""
    fitted = fit(
        *recordings(_RECORDINGS, seed=1),
        LABELS,
        CHANNELS,
        lambda done: print(f"\rlearning from {_RECORDINGS} recordings: {done:.0%}", end="", file=sys.stderr),
    )
    f1 = _f1(fitted)
    print(f"F1 over the steps of {_MEASURED} recordings that were not learnt from: {f1:.3f}")
    samples, _ = recordings(_COMPARED, seed=3)
    done = export_torch(
        TorchRequest(
            model=fitted.net,
            task=fitted.task,
            rows=fitted.rows,
            samples=[_columns(series) for series in samples],
            output="gait",
            name=name,
            repository=repository,
            title="Walking, running and jumping",
            about={"description": _DESCRIPTION, "credits": CREDITS},
            metrics={
                "f1": round(f1, 4),
                "method": f"labels of steps in {_MEASURED} made recordings that were not learnt from",
                "samples": _RECORDINGS,
            },
        )
    )
    print(done.told())
    return done.folder


def _f1(fitted: Fitted) -> float:
    series, spans = recordings(_MEASURED, seed=2)
    wanted = [classes_of(each.shape[1], marked, LABELS) for each, marked in zip(series, spans, strict=True)]
    return step_f1(wanted, [fitted.classes(each) for each in series])


def _columns(series: np.ndarray) -> dict[str, list[float]]:
    return dict(zip(CHANNELS, series[:, :_COMPARED_STEPS].round(4).tolist(), strict=True))
