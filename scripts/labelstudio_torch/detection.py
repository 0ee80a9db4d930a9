"""Object detection: the usual answers of detectors, and which of the server's outputs they are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch

from labelstudio_export.errors import ExportError
from labelstudio_export.reference import Reference

from .answers import activated, part
from .contract import TENSOR, Head, Task, are_probabilities, check_background, control_of, in_unit

# The numbers of a box.
_SIDES = 4
# A side that is larger is no part of a tensor's: a box may reach a little over its edge.
_MOST_RELATIVE = 1.5
_WHERE = "forward()"
_STYLES = (
    "'logits' and 'pred_boxes' (as DETR), 'boxes' and 'scores' of as many boxes for every image, or one "
    "tensor [rows, 4 + labels, places] (as YOLO)"
)


class ObjectDetection(Task):
    """Boxes of things in an image. What `forward` returns says the style of the model.

    :param background: the label that is none
    """

    name = "object-detection"
    input = "image"

    def __init__(self, labels: Sequence[str], background: str | None = None) -> None:
        super().__init__(labels)
        check_background(background, self.labels)
        self.background = background

    def head(self, answer: Any, feeds: Mapping[str, np.ndarray]) -> Head:
        """That of the first style that fits."""
        for logits in ("logits", "pred_logits"):
            pair = _pair(answer, "pred_boxes", logits)
            if pair is not None:
                return QueriedBoxes(self, ("pred_boxes", logits), pair)
        pair = _pair(answer, "boxes", "scores")
        if pair is not None:
            return CornerBoxes(self, ("boxes", "scores"), pair)
        if isinstance(answer, (list, tuple)) and all(isinstance(each, Mapping) for each in answer):
            what = f"it returns a list of {len(answer)} mappings, as torchvision's detectors do"
            todo = (
                "wrap it in a module that returns 'boxes' [rows, n, 4] and 'scores' [rows, n, labels] of all "
                "its anchors, as they are before it chooses among them; the server suppresses overlaps"
            )
            raise ExportError(_WHERE, what, todo)
        first = answer[0] if isinstance(answer, (list, tuple)) and answer else answer
        if isinstance(first, torch.Tensor) and first.dim() == 3:
            return RawHead(self, first)
        raise ExportError(_WHERE, f"it returns {_shown(answer)}", f"let it return {_STYLES}")


class _Detector(Head):
    """A head of boxes; `options` are those of the manifest's output that differ from the server's own."""

    dynamic: ClassVar = {0: "rows"}
    options: ClassVar[dict[str, Any]] = {}
    _controls = ("RectangleLabels", "Rectangle", "EllipseLabels", "Ellipse")

    def manifest(self, spec: dict[str, Any], control: str | None) -> dict[str, Any]:
        """Boxes, unless another control is named."""
        tag = control_of(control, self._controls, "boxes")
        return {"name": spec["name"], "control": tag, **self.options}


class _ListedBoxes(_Detector):
    """Boxes [rows, n, 4], and n scores of labels beside them.

    Scores become probabilities in the graph, which leaves the label out that is none: `softmax` where there
    is one, as the labels then exclude each other, else `sigmoid`.

    :param keys: the names of the boxes and of the scores in what `forward` returns
    :param pair: these tensors of a first batch
    """

    tensors = ("boxes", "scores")

    def __init__(
        self, task: ObjectDetection, keys: tuple[str, str], pair: tuple[torch.Tensor, torch.Tensor]
    ) -> None:
        self._keys = keys
        _, self._count, self._columns = pair[1].shape
        self.shape = f"{keys[0]!r} [rows, n, 4] and {keys[1]!r} [rows, n, labels], n the same for every image"
        self._none = self._column_of_none(task)
        self.labels = [name for name in task.labels if name != task.background]

    def dims(self, feeds: dict[str, np.ndarray]) -> tuple[int, ...]:
        """Four sides and the scores of each box."""
        return len(next(iter(feeds.values()))), self._count, _SIDES + self._columns

    def read(self, answer: Any) -> tuple[torch.Tensor, ...]:
        """Boxes and scores."""
        pair = _pair(answer, *self._keys)
        assert pair is not None
        return pair

    def activation(self, numbers: Sequence[np.ndarray]) -> str | None:
        """By whether a label is none."""
        self._check_boxes(np.concatenate([each[:, :_SIDES] for each in numbers]))
        scores = [each[:, _SIDES:] for each in numbers]
        if self._none is None:
            return None if in_unit(scores) else "sigmoid"
        return None if are_probabilities(scores) else "softmax"

    def served(self, tensors: tuple[torch.Tensor, ...], activation: str | None) -> tuple[torch.Tensor, ...]:
        """The boxes as they are, and the probabilities of the labels."""
        boxes, scores = tensors
        probabilities = activated(scores, activation)
        if self._none is None:
            return boxes, probabilities
        return boxes, probabilities[..., [at for at in range(self._columns) if at != self._none]]

    def spec(self, output: str, numbers: Sequence[np.ndarray]) -> dict[str, Any]:
        """Boxes and scores."""
        tensors = {name: name for name in self.tensors}
        place = self._place(np.concatenate([each[:, :_SIDES] for each in numbers]))
        return {"name": output, "kind": "boxes", "tensors": tensors, "labels": self.labels, **place}

    def reference(self, numbers: Sequence[np.ndarray]) -> Reference:
        """All boxes, and then all scores."""
        parts = [(each[:, :_SIDES], each[:, _SIDES:]) for each in numbers]
        return super().reference([np.concatenate([a.ravel(), b.ravel()]) for a, b in parts])

    def _column_of_none(self, task: ObjectDetection) -> int | None:
        """Which column of the scores is of no label.

        :raises ExportError: when the columns are not those of the labels
        """
        if self._columns != len(task.labels):
            what = f"it gives {self._columns} scores a box, with {len(task.labels)} labels"
            todo = "name all labels with --labels, and the one that is none with --background too"
            raise ExportError(_WHERE, what, todo)
        return None if task.background is None else task.labels.index(task.background)

    @abstractmethod
    def _check_boxes(self, boxes: np.ndarray) -> None:
        """:raises ExportError: when boxes [all, 4] cannot be what is meant"""

    @abstractmethod
    def _place(self, boxes: np.ndarray) -> dict[str, str]:
        """The `format` and `unit` of boxes [all, 4]."""


class QueriedBoxes(_ListedBoxes):
    """What DETR and its kin give: `logits`, and `pred_boxes` as middle and sides in parts of the image.

    One more score than there are labels is, at last, that of no object. As in `DetrForObjectDetection`:
    https://huggingface.co/docs/transformers/model_doc/detr
    """

    def _column_of_none(self, task: ObjectDetection) -> int | None:
        if task.background is None and self._columns == len(task.labels) + 1:
            return self._columns - 1
        return super()._column_of_none(task)

    def _check_boxes(self, boxes: np.ndarray) -> None:
        largest = np.abs(boxes).max(initial=0.0)
        if largest > _MOST_RELATIVE:
            todo = "let it return middle, width and height in parts of the image, 0 to 1"
            raise ExportError(_WHERE, f"its 'pred_boxes' reach {largest:.4g}", todo)

    def _place(self, boxes: np.ndarray) -> dict[str, str]:
        return {"format": "cxcywh", "unit": "relative"}


class CornerBoxes(_ListedBoxes):
    """Boxes by their corners, in pixels of the tensor or in parts of it, before overlaps are suppressed."""

    # As torchvision's Faster R-CNN and RetinaNet have it (`box_nms_thresh`, `nms_thresh`).
    options: ClassVar = {"iou_threshold": 0.5}

    def _check_boxes(self, boxes: np.ndarray) -> None:
        wrong = int(np.sum((boxes[:, 2] < boxes[:, 0]) | (boxes[:, 3] < boxes[:, 1])))
        if wrong:
            what = f"{wrong} of {len(boxes)} of its 'boxes' end before they begin"
            raise ExportError(_WHERE, what, "let it return left, top, right and bottom")

    def _place(self, boxes: np.ndarray) -> dict[str, str]:
        relative = np.abs(boxes).max(initial=0.0) <= _MOST_RELATIVE
        return {"format": "xyxy", "unit": "relative" if relative else "pixels"}


class RawHead(_Detector):
    """The raw head of a YOLO: middle and sides in pixels, and a score for each label, of each place.

    YOLOv5 and its kin have the score of any object before those of the labels.

    :param tensor: that of a first batch
    """

    shape = "one tensor [rows, 4 + labels, places]"
    # Ultralytics' own: https://docs.ultralytics.com/modes/predict/#inference-arguments
    options: ClassVar = {"model_score_threshold": 0.25}

    def __init__(self, task: ObjectDetection, tensor: torch.Tensor) -> None:
        if task.background is not None:
            raise ExportError("--background", "a head as YOLO's has none", "leave it out")
        self.labels = task.labels
        sizes = tuple(tensor.shape[1:])
        fits = [
            (extra, axis) for extra in (0, 1) for axis in (1, 2) if sizes[axis - 1] == self._channels(extra)
        ]
        if not fits:
            what = f"it gives {list(tensor.shape)}, with {len(self.labels)} labels"
            todo = f"name all labels with --labels, or let it return {_STYLES}"
            raise ExportError(_WHERE, what, todo)
        self._extra, self._axis = fits[0]
        self._sizes = sizes

    def _channels(self, extra: int) -> int:
        return _SIDES + extra + len(self.labels)

    def dims(self, feeds: dict[str, np.ndarray]) -> tuple[int, ...]:
        """As many places for every image."""
        return len(next(iter(feeds.values()))), *self._sizes

    def read(self, answer: Any) -> tuple[torch.Tensor, ...]:
        """The tensor, or the first of several: the others are for training."""
        return (answer if isinstance(answer, torch.Tensor) else answer[0],)

    def activation(self, numbers: Sequence[np.ndarray]) -> str | None:
        """Each label for itself."""
        places = np.concatenate([each if self._axis == 2 else each.T for each in numbers])
        if np.abs(places[:, :_SIDES]).max(initial=0.0) <= _MOST_RELATIVE:
            todo = "let it return middle, width and height in pixels of the tensor"
            raise ExportError(_WHERE, "its boxes are no larger than a pixel", todo)
        return None if in_unit([places[:, _SIDES:]]) else "sigmoid"

    def served(self, tensors: tuple[torch.Tensor, ...], activation: str | None) -> tuple[torch.Tensor, ...]:
        """The boxes as they are, and probabilities."""
        if activation is None:
            return tensors
        (head,) = tensors
        boxes, scores = head.split([_SIDES, self._channels(self._extra) - _SIDES], dim=self._axis)
        return (torch.cat([boxes, activated(scores, activation)], dim=self._axis),)

    def spec(self, output: str, numbers: Sequence[np.ndarray]) -> dict[str, Any]:
        """A raw head, and whether its channels are the last axis."""
        place = {"tensor": TENSOR, "labels": self.labels, "transposed": self._axis == 2}
        spec = {"name": output, "kind": "yolo", **place}
        return {**spec, "objectness": True} if self._extra else spec


def _pair(answer: Any, boxes: str, scores: str) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Boxes [rows, n, 4] and scores [rows, n, any] of an answer, by name or as the two of a tuple."""
    first, second = part(answer, boxes), part(answer, scores)
    if first is None and boxes == "boxes" and isinstance(answer, (list, tuple)) and len(answer) == 2:
        first, second = answer
    if not (isinstance(first, torch.Tensor) and isinstance(second, torch.Tensor)):
        return None
    fits = first.dim() == second.dim() == 3 and first.shape[:2] == second.shape[:2]
    return (first, second) if fits and first.shape[2] == _SIDES else None


def _shown(answer: Any) -> str:
    if isinstance(answer, torch.Tensor):
        return f"a tensor {list(answer.shape)}"
    if isinstance(answer, Mapping):
        return f"a mapping of {', '.join(f'{name!r}: {_shown(each)}' for name, each in answer.items())}"
    if isinstance(answer, (list, tuple)):
        return f"a {type(answer).__name__} of {', '.join(map(_shown, answer)) or 'nothing'}"
    return f"a {type(answer).__name__}"
