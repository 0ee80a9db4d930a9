"""What models are for: the shape of their numbers, what they mean, and the controls that they fill."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from labelstudio_export.controls import manifest_output
from labelstudio_export.errors import ExportError
from labelstudio_export.reference import Reference

from .contract import (
    TENSOR,
    KnownHead,
    Task,
    are_probabilities,
    check_background,
    control_of,
    in_unit,
    shortest,
)
from .detection import ObjectDetection


class TokenClassification(KnownHead):
    """A tag for each token."""

    name = "token-classification"
    input = "tokens"
    shape = "[rows, tokens, labels]"
    dynamic: ClassVar = {0: "rows", 1: "tokens"}
    _controls = ("Labels", "ParagraphLabels")

    def dims(self, feeds: dict[str, np.ndarray]) -> tuple[int, ...]:
        """One number a token and label."""
        return (*feeds["input_ids"].shape, len(self.labels))

    def activation(self, numbers: Sequence[np.ndarray]) -> str | None:
        """The server takes logits too."""
        return None

    def spec(self, output: str, numbers: Sequence[np.ndarray]) -> dict[str, Any]:
        """Tags, as logits unless they are probabilities."""
        values = "probabilities" if are_probabilities(numbers) else "logits"
        return {"name": output, "kind": "tags", "tensor": TENSOR, "values": values, "labels": self.labels}

    def manifest(self, spec: dict[str, Any], control: str | None) -> dict[str, Any]:
        """Labels, unless another control is named."""
        return {"name": spec["name"], "control": control_of(control, self._controls, "spans of a text")}


class Classification(KnownHead):
    """One class for each row."""

    input = "tokens"
    shape = "[rows, labels]"
    dynamic: ClassVar = {0: "rows"}
    several = False

    def dims(self, feeds: dict[str, np.ndarray]) -> tuple[int, ...]:
        """One number a row and label."""
        return (len(next(iter(feeds.values()))), len(self.labels))

    def activation(self, numbers: Sequence[np.ndarray]) -> str | None:
        """Logits become probabilities."""
        return None if are_probabilities(numbers) else "softmax"

    def spec(self, output: str, numbers: Sequence[np.ndarray]) -> dict[str, Any]:
        """Probabilities; of several classes each that is more likely than not."""
        rule = {"rule": "threshold", "threshold": 0.5} if self.several else {"rule": "argmax"}
        spec = {"name": output, "kind": "probabilities", "tensor": TENSOR}
        return {**spec, "labels": self.labels, "decision": rule}

    def manifest(self, spec: dict[str, Any], control: str | None) -> dict[str, Any]:
        """Choices, unless another control is named."""
        return manifest_output(spec, control)

    def reference(self, numbers: Sequence[np.ndarray]) -> Reference:
        """The probabilities, and the class that they choose."""
        table = np.stack([shortest(each.ravel()) for each in numbers])
        if self.several:
            chosen = [tuple(np.flatnonzero(row > 0.5).tolist()) for row in table]
            return Reference(table, chosen, np.abs(table - 0.5).min(axis=1))
        top = np.sort(table, axis=1)
        gap = top[:, -1] - top[:, -2] if table.shape[1] > 1 else None
        return Reference(table, [(int(row.argmax()),) for row in table], gap)


class TextClassification(Classification):
    """One class for a text."""

    name = "text-classification"


class TextMultilabelClassification(Classification):
    """Any number of classes for a text."""

    name = "text-multilabel-classification"
    several = True

    def activation(self, numbers: Sequence[np.ndarray]) -> str | None:
        """Each class for itself."""
        return None if in_unit(numbers) else "sigmoid"


class ImageClassification(Classification):
    """One class for an image."""

    name = "image-classification"
    input = "image"


class ImageMultilabelClassification(TextMultilabelClassification):
    """Any number of classes for an image."""

    name = "image-multilabel-classification"
    input = "image"


class _Places(KnownHead):
    """A label for each place, the likeliest; `background` names the one that is none."""

    # The kind of output in version.json, and the controls that it fills.
    kind: str
    controls: tuple[str, ...]
    more: ClassVar[dict[str, Any]] = {}

    def __init__(self, labels: Sequence[str], background: str | None = None) -> None:
        super().__init__(labels)
        check_background(background, self.labels)
        self.background = background

    def activation(self, numbers: Sequence[np.ndarray]) -> str | None:
        """The server applies it: a graph would do so for every place."""
        return None

    def spec(self, output: str, numbers: Sequence[np.ndarray]) -> dict[str, Any]:
        """Scores, and what makes probabilities of them."""
        spec = {"name": output, "kind": self.kind, "tensor": TENSOR, "labels": self.labels, **self.more}
        if not are_probabilities([np.moveaxis(each, 0, -1) for each in numbers]):
            spec["activation"] = "softmax"
        return spec if self.background is None else {**spec, "background": self.background}

    def manifest(self, spec: dict[str, Any], control: str | None) -> dict[str, Any]:
        """The first of the controls, unless another is named."""
        return {"name": spec["name"], "control": control_of(control, self.controls)}


class ImageSegmentation(_Places):
    """A class for each pixel."""

    name = "image-segmentation"
    input = "image"
    shape = "[rows, labels, height, width]"
    dynamic: ClassVar = {0: "rows"}
    kind = "segmentation"
    controls = ("BrushLabels", "PolygonLabels", "BitmaskLabels")

    def dims(self, feeds: dict[str, np.ndarray]) -> tuple[int, ...]:
        """One number a row, label and pixel."""
        rows, _, height, width = feeds["pixel_values"].shape
        return rows, len(self.labels), height, width


class SeriesSegmentation(_Places):
    """A class for each step of a time series."""

    name = "series-segmentation"
    input = "time-series"
    shape = "[rows, labels, steps]"
    dynamic: ClassVar = {0: "rows", 2: "steps"}
    kind = "frames"
    controls = ("TimeSeriesLabels",)
    more: ClassVar = {"transposed": True}

    def dims(self, feeds: dict[str, np.ndarray]) -> tuple[int, ...]:
        """One number a row, label and step."""
        rows, _, steps = feeds["series"].shape
        return rows, len(self.labels), steps


TASKS: dict[str, type[Task]] = {
    task.name: task
    for task in (
        TokenClassification,
        TextClassification,
        TextMultilabelClassification,
        ImageClassification,
        ImageMultilabelClassification,
        ImageSegmentation,
        ObjectDetection,
        SeriesSegmentation,
    )
}


def make_task(name: str, labels: Sequence[str], background: str | None = None) -> Task:
    """The task of that name.

    :raises ExportError: when it knows no background, or the labels are none
    """
    task = TASKS[name]
    if issubclass(task, (_Places, ObjectDetection)):
        return task(labels, background)
    if background is not None:
        raise ExportError("--background", f"{name} has none", "leave it out")
    return task(labels)
