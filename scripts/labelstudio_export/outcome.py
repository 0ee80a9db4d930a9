"""What a model's part of the graph gives: tensors with their meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import links
from .errors import ExportError
from .graph import GraphBuilder


@dataclass(frozen=True)
class Threshold:
    """Of two classes, `positive` (an index) is chosen from this probability or score on."""

    positive: int
    at: float
    by_probability: bool


@dataclass(frozen=True)
class Classified:
    """A classifier's answers.

    `probabilities` is `predict_proba`, [rows, classes]. `scores` is `decision_function`, [rows, classes], or
    [rows, 1] for two classes. `label` is the index of the class that `predict` gives, int64 [rows]; None: the
    largest probability's or score's.
    """

    classes: np.ndarray
    probabilities: str | None = None
    scores: str | None = None
    label: str | None = None
    threshold: Threshold | None = None


@dataclass(frozen=True)
class Multilabel:
    """One yes or no a label: `probabilities` or `scores`, [rows, labels], yes above `threshold`."""

    classes: np.ndarray
    probabilities: str | None = None
    scores: str | None = None
    threshold: float = 0.5


@dataclass(frozen=True)
class Several:
    """Several classifiers' answers, one a target."""

    parts: Sequence[Classified]


@dataclass(frozen=True)
class Regressed:
    """Values, [rows, targets]."""

    values: str
    targets: int


Outcome = Classified | Multilabel | Several | Regressed


def label_of(graph: GraphBuilder, outcome: Classified) -> str:
    """The index of the class that `predict` gives, int64 [rows]."""
    if outcome.label is not None:
        return outcome.label
    if outcome.scores is not None:
        binary = len(outcome.classes) == 2
        return links.above(graph, outcome.scores) if binary else links.largest(graph, outcome.scores)
    assert outcome.probabilities is not None
    return links.largest(graph, outcome.probabilities)


def classified(outcome: Outcome, where: str) -> Classified:
    """:raises ExportError: when an ensemble's member is no classifier of one target."""
    if isinstance(outcome, Classified):
        return outcome
    raise ExportError(where, "it is not a classifier of one target", "fit one model a target")


def probabilities_of(outcome: Outcome, where: str) -> str:
    """`predict_proba` of a classifier, [rows, classes].

    :raises ExportError: when it has none
    """
    probabilities = classified(outcome, where).probabilities
    if probabilities is None:
        raise ExportError(where, "it has no probabilities", "use a model with predict_proba")
    return probabilities


def positive_of(graph: GraphBuilder, outcome: Classified) -> str:
    """The second of two classes' score if there is one, else its probability; [rows, 1]."""
    if outcome.scores is not None:
        return outcome.scores
    assert outcome.probabilities is not None
    return graph.columns(outcome.probabilities, 1, 2)


def regressed(outcome: Outcome, where: str) -> Regressed:
    """:raises ExportError: when an ensemble's member is no regressor."""
    if isinstance(outcome, Regressed):
        return outcome
    raise ExportError(where, "it is not a regressor", "fit the ensemble again")
