"""What an export is made of: rows that a graph takes, and heads that say what its numbers mean."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
import torch

from labelstudio_export.errors import ExportError
from labelstudio_export.files import VersionFiles
from labelstudio_export.reference import Reference
from labelstudio_export.samples import Samples

from .answers import activated, one_tensor

# How far sums of probabilities in float32 may be from 1.
_UNIT = 1e-4
TENSOR = "numbers"


class Wording(NamedTuple):
    """What a refusal calls a row, and where its answer changes with others; and what to do about that."""

    row: str
    beside: str
    todo: str


class Rows(Protocol):
    """Makes a graph's inputs of values, as an input kind of the server does."""

    kind: str
    wording: Wording

    @property
    def inputs(self) -> Mapping[str, Mapping[int, str]]:
        """The graph inputs that it can give, each with the names of the dimensions that differ."""

    def options(self) -> dict[str, Any]:
        """The manifest's `input`."""

    def put(self, files: VersionFiles) -> None:
        """Adds the files that the input needs."""

    def samples(self, given: Sequence[Any]) -> Samples:
        """The given values and generated ones."""

    def feeds(self, values: Sequence[Any]) -> dict[str, np.ndarray]:
        """A batch of them."""

    def alike(self, values: Sequence[Any]) -> list[Any]:
        """Those that the server may put into one batch."""

    def own(self, value: Any) -> slice:
        """Which places of a row along its second axis are its own."""

    def size(self, value: Any) -> int:
        """How large its row is."""


class Task(ABC):
    """What a model is for. `labels` are the names of its classes, in the order of its numbers."""

    name: str
    # The input kind that it reads.
    input: str

    def __init__(self, labels: Sequence[str]) -> None:
        if not labels or len(set(labels)) < len(labels):
            raise ExportError("--labels", f"{list(labels)} are not different names", "name each class once")
        self.labels = list(labels)

    @abstractmethod
    def head(self, answer: Any, feeds: Mapping[str, np.ndarray]) -> Head:
        """How a model is read that returned `answer` to `feeds`.

        :raises ExportError: when such an answer is not understood
        """


class Head(ABC):
    """What a graph's tensors are and mean, and the controls that they fill.

    Several tensors are compared as one, joined along their last axis: so are the `numbers` here, a row each.
    """

    labels: list[str]
    # The shape of the output, in words.
    shape: str
    # The dimensions of the tensors that differ, by their place.
    dynamic: ClassVar[dict[int, str]]
    # Their names in the graph.
    tensors: tuple[str, ...] = (TENSOR,)

    @abstractmethod
    def dims(self, feeds: dict[str, np.ndarray]) -> tuple[int, ...]:
        """The shape of the joined tensors for some feeds."""

    def read(self, answer: Any) -> tuple[torch.Tensor, ...]:
        """The tensors of what `forward` returns.

        :raises ExportError: when it returns anything else
        """
        return (one_tensor(answer),)

    @abstractmethod
    def activation(self, numbers: Sequence[np.ndarray]) -> str | None:
        """What the graph adds behind the model, given its numbers: `softmax`, `sigmoid` or nothing.

        :raises ExportError: when the numbers cannot be what is meant
        """

    def served(self, tensors: tuple[torch.Tensor, ...], activation: str | None) -> tuple[torch.Tensor, ...]:
        """What the graph gives of the tensors that were read."""
        return tuple(activated(each, activation) for each in tensors)

    @abstractmethod
    def spec(self, output: str, numbers: Sequence[np.ndarray]) -> dict[str, Any]:
        """The output in version.json, given some of the graph's numbers."""

    @abstractmethod
    def manifest(self, spec: dict[str, Any], control: str | None) -> dict[str, Any]:
        """The output in model.json."""

    def reference(self, numbers: Sequence[np.ndarray]) -> Reference:
        """What a version is held against: for each sample its own numbers, in the server's order."""
        return Reference([shortest(each.ravel()) for each in numbers])


class KnownHead(Task, Head):
    """A task whose models all return the same."""

    def head(self, answer: Any, feeds: Mapping[str, np.ndarray]) -> Head:
        """Itself."""
        return self


def check_background(background: str | None, labels: Sequence[str]) -> None:
    """:raises ExportError: when it is none of the labels"""
    if background is not None and background not in labels:
        raise ExportError("--background", f"{background!r} is none of {list(labels)}", "name one of them")


def control_of(control: str | None, known: Sequence[str], what: str = "it") -> str:
    """The control tag that is filled: the first of those that can be, unless another one of them is named.

    :param what: what a control must be able to hold
    :raises ExportError: when it is none of them
    """
    tag = control or known[0]
    if tag not in known:
        raise ExportError("--control", f"{tag!r} does not hold {what}", f"use one of {', '.join(known)}")
    return tag


def are_probabilities(numbers: Sequence[np.ndarray]) -> bool:
    """Whether all rows of all samples lie in 0 to 1 and add up to 1, along the last axis."""
    rows = np.concatenate([each.reshape(-1, each.shape[-1]) for each in numbers])
    inside = np.all((rows >= -_UNIT) & (rows <= 1 + _UNIT))
    return bool(inside and np.all(np.abs(rows.sum(axis=1) - 1) < _UNIT))


def in_unit(numbers: Sequence[np.ndarray]) -> bool:
    """Whether all numbers lie in 0 to 1."""
    return all(bool(np.all((each >= 0) & (each <= 1))) for each in numbers)


def shortest(numbers: np.ndarray) -> np.ndarray:
    """float32 as the shortest decimals that mean the same, so that parity.json stays small."""
    return np.array([float(str(number)) for number in numbers.astype(np.float32)], dtype=np.float64)
