"""What annotations say, as scikit-learn learns it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from .reports import fail


@dataclass(frozen=True)
class Targets:
    """The targets of some rows.

    `y` holds for `single` the index of each row's label in `labels`, for `multiple` a column of 0 and 1 for
    each label, for `value` the numbers. Indices stand for names because NumPy would change some names.
    """

    kind: Literal["single", "multiple", "value"]
    y: np.ndarray
    labels: tuple[str, ...] = ()

    @classmethod
    def read(cls, targets: Sequence[Any]) -> Targets:
        """:raises TrainingError: when nothing can be learnt from them."""
        if all(isinstance(target, str) for target in targets):
            return _single(targets)
        if all(isinstance(target, list) for target in targets):
            return _multiple(targets)
        if all(isinstance(target, int | float) for target in targets):
            return cls("value", np.array(targets, dtype=np.float64))
        return fail("the annotations mix labels and numbers, which are no target of one model")


def _single(targets: Sequence[str]) -> Targets:
    counts = Counter(targets)
    if len(counts) == 1:
        fail(f"all {len(targets)} annotations to learn from say {targets[0]!r}: annotate another label too")
    labels = tuple(sorted(counts))
    index = {label: number for number, label in enumerate(labels)}
    return Targets("single", np.array([index[target] for target in targets]), labels)


def _multiple(targets: Sequence[list[str]]) -> Targets:
    counts = Counter(label for target in targets for label in set(target))
    # OneVsRestClassifier decides by the first label's model, which must not be one of a label that all have.
    labels = tuple(sorted(counts, key=lambda label: (counts[label] == len(targets), label)))
    if not labels:
        fail("no annotation to learn from has a label: annotate tasks that have one")
    index = {label: number for number, label in enumerate(labels)}
    y = np.zeros((len(targets), len(labels)), dtype=int)
    for row, target in enumerate(targets):
        y[row, [index[label] for label in target]] = 1
    if y.all():
        named = ", ".join(map(repr, labels))
        fail(f"all {len(targets)} annotations to learn from have all of {named}: annotate tasks that do not")
    return Targets("multiple", y, labels)
