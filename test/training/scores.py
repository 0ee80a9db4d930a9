"""Scores of scikit-learn, for two models' answers to the same rows.

stdin:  one JSON object a line: {"metric", "targets", "first", "second"}; for f1_micro they hold lists
stdout: one JSON object a line: {"value", "difference", "error"}: the score of the first, how much it is above
        that of the second, and the jackknife's standard error of that difference
"""

import json
import sys

import numpy as np
from sklearn.metrics import accuracy_score, d2_absolute_error_score, f1_score
from sklearn.preprocessing import MultiLabelBinarizer


def score(metric: str, targets: list, answers: list) -> float:
    """The metric's value."""
    if metric == "accuracy":
        return accuracy_score(targets, answers)
    if metric == "d2_absolute_error_score":
        return d2_absolute_error_score(targets, answers)
    labels = MultiLabelBinarizer().fit([*targets, *answers])
    return f1_score(labels.transform(targets), labels.transform(answers), average="micro")


def difference(metric: str, targets: list, first: list, second: list) -> tuple[float, float]:
    """The difference of two scores on the same rows, and its standard error by leaving out each row once."""

    def without(row: int | None) -> float:
        rows = [index for index in range(len(targets)) if index != row]
        kept = [[values[index] for index in rows] for values in (targets, first, second)]
        return score(metric, kept[0], kept[1]) - score(metric, kept[0], kept[2])

    n = len(targets)
    each = np.array([without(row) for row in range(n)])
    return without(None), float(np.sqrt((n - 1) / n * ((each - each.mean()) ** 2).sum()))


for line in sys.stdin:
    case = json.loads(line)
    value = score(case["metric"], case["targets"], case["first"])
    apart, error = difference(case["metric"], case["targets"], case["first"], case["second"])
    print(json.dumps({"value": float(value), "difference": float(apart), "error": error}))
