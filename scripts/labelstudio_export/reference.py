"""What the original model answers: the numbers and classes that a version is held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .outcome import Classified, Multilabel, Outcome, Regressed, Several


@dataclass(frozen=True)
class Reference:
    """The original's answers to some rows, for one output of the version.

    `numbers` is [rows, columns], a list of each row's where rows have different many, or None where the
    original does not tell them. `chosen` holds the indices of the classes that `predict` gave, one tuple a
    row; None for a regressor. `gap` is how far the decision is from another one, [rows]; None where that is
    unknown.
    """

    numbers: np.ndarray | Sequence[np.ndarray] | None
    chosen: list[tuple[int, ...]] | None = None
    gap: np.ndarray | None = None


def reference(model: Any, rows: Any, outcome: Outcome) -> list[Reference]:
    """The original's answers to the rows, one `Reference` for each output that `outcome` becomes."""
    predicted = np.asarray(model.predict(rows))
    if isinstance(outcome, Regressed):
        values = predicted.reshape(len(predicted), -1)
        return [Reference(values[:, [target]].astype(np.float64)) for target in range(values.shape[1])]
    numbers = _numbers(model, rows, outcome)
    if isinstance(outcome, Classified):
        return [_classified(outcome, numbers, predicted, _scores(model, rows))]
    if isinstance(outcome, Multilabel):
        flags = np.asarray(predicted.todense() if hasattr(predicted, "todense") else predicted) > 0
        gap = None if numbers is None else np.abs(numbers - outcome.threshold).min(axis=1)
        return [Reference(numbers, [tuple(np.flatnonzero(row).tolist()) for row in flags], gap)]
    assert isinstance(outcome, Several)
    per_target: Sequence[Any] = [None] * len(outcome.parts) if numbers is None else numbers
    return [
        _classified(part, per_target[target], predicted[:, target], None)
        for target, part in enumerate(outcome.parts)
    ]


def _numbers(model: Any, rows: Any, outcome: Classified | Multilabel | Several) -> Any:
    """`predict_proba` or `decision_function` in the columns of the version's output."""
    parts = outcome.parts if isinstance(outcome, Several) else [outcome]
    if all(part.probabilities is not None for part in parts):
        answer = model.predict_proba(rows)
        if isinstance(outcome, Multilabel) and isinstance(answer, list):
            return np.stack([column[:, 1] for column in answer], axis=1)
        return answer
    if not hasattr(model, "decision_function"):
        return None
    return two_sided(model.decision_function(rows))


def _scores(model: Any, rows: Any) -> np.ndarray | None:
    try:
        return two_sided(model.decision_function(rows)) if hasattr(model, "decision_function") else None
    except (AttributeError, NotImplementedError):
        return None


def two_sided(scores: np.ndarray) -> np.ndarray:
    """`decision_function` with one column a class: `[-d, d]` for two."""
    return np.stack([-scores, scores], axis=1) if scores.ndim == 1 else scores


def _classified(
    outcome: Classified, numbers: np.ndarray | None, predicted: np.ndarray, scores: np.ndarray | None
) -> Reference:
    classes = np.asarray(outcome.classes)
    order = np.argsort(classes, kind="stable")
    chosen = order[np.searchsorted(classes, predicted, sorter=order)]
    rule = outcome.threshold
    told = numbers if scores is None or (rule is not None and rule.by_probability) else scores
    gap = None
    if told is not None and rule is not None:
        gap = np.abs(told[:, rule.positive] - rule.at)
    elif told is not None and told.shape[1] > 1:
        top = np.sort(told, axis=1)[:, -2:]
        gap = np.abs(top[:, 1] - top[:, 0]) / np.maximum(1.0, np.abs(top[:, 1]))
    return Reference(numbers, [(int(index),) for index in chosen], gap)
