"""How good a kind of model is on rows that it was not fitted on."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error, r2_score
from sklearn.model_selection import KFold, StratifiedKFold

from .targets import Targets

_FOLDS = 3
# More would tell little and take long.
_ROWS = 5_000


def cross_validate(
    model: Any, take: Callable[[np.ndarray], Any], targets: Targets, told: Callable[[float], None]
) -> dict[str, Any]:
    """Fits a model on parts of the rows and scores it on the rest.

    :param take: gives the rows of some indices as the model takes them
    :param told: gets how far it is, 0 to 1
    :returns: the `metrics` of a version, the first of which is the score: the more the better
    """
    count = len(targets.y)
    rows = np.random.default_rng(0).permutation(count)[:_ROWS]
    y = targets.y[rows]
    folds = _folds(targets, y)
    if folds is None:
        return {"samples": count, "method": "too few rows to hold some out"}
    predicted = np.zeros_like(y)
    with warnings.catch_warnings():
        # Of labels that are rare: a part may lack them.
        warnings.simplefilter("ignore", UserWarning)
        for number, (known, held_out) in enumerate(folds.split(rows, y), start=1):
            fitted = clone(model).fit(take(rows[known]), y[known])
            predicted[held_out] = fitted.predict(take(rows[held_out]))
            told(number / folds.n_splits)
    method = f"{folds.n_splits}-fold cross-validation of {len(rows)} rows"
    return {**_scores(targets, y, predicted), "method": method, "samples": count}


def _folds(targets: Targets, y: np.ndarray) -> StratifiedKFold | KFold | None:
    """Folds whose training parts all have two classes; None when that cannot be."""
    if targets.kind != "single":
        return KFold(_FOLDS) if len(y) >= 2 * _FOLDS else None
    counts = np.sort(np.bincount(y))
    folds = min(_FOLDS, int(counts[-2]))
    return StratifiedKFold(folds) if folds >= 2 else None


def _scores(targets: Targets, y: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    if targets.kind == "value":
        scores = {"r2": r2_score(y, predicted), "meanAbsoluteError": mean_absolute_error(y, predicted)}
    elif targets.kind == "multiple":
        scores = {
            "f1": f1_score(y, predicted, average="micro", zero_division=0.0),
            "exact": accuracy_score(y, predicted),
        }
    else:
        scores = {"accuracy": accuracy_score(y, predicted)}
    return {name: round(float(score), 4) for name, score in scores.items()}
