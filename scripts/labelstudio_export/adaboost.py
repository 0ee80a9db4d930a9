"""AdaBoost: weighted votes of classifiers, the weighted median of regressors."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto

from . import links
from .context import Context, Data, emits
from .errors import ExportError
from .outcome import Classified, Outcome, Regressed, classified, label_of, regressed


@emits("sklearn.AdaBoostClassifier")
def emit_adaboost_classifier(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Each member's vote counts for its class, and a little against the others."""
    if getattr(model, "algorithm", "SAMME") == "SAMME.R":
        raise ExportError(where, "its algorithm is SAMME.R", "fit it with algorithm='SAMME'")
    graph, classes = context.graph, len(model.classes_)
    shares = model.estimator_weights_[: len(model.estimators_)] / model.estimator_weights_.sum()
    votes = []
    for index, (member, share) in enumerate(zip(model.estimators_, shares, strict=True)):
        outcome = classified(context.emit(member, data, f"{where}.estimators_[{index}]"), where)
        # A member that was fitted on a part of the classes still votes on all.
        per_class = np.full((len(outcome.classes), classes), -share / (classes - 1))
        for own, value in enumerate(outcome.classes):
            per_class[own, list(model.classes_).index(value)] = share
        votes.append(graph.op("Gather", graph.constant(per_class), label_of(graph, outcome), axis=0))
    total = votes[0] if len(votes) == 1 else graph.op("Sum", *votes)
    if classes == 2:
        scores = graph.op("Sub", graph.columns(total, 1, 2), graph.columns(total, 0, 1))
        logits = graph.op("Div", links.both_signs(graph, scores), graph.constant(2.0))
    else:
        scores, logits = total, graph.op("Div", total, graph.constant(classes - 1.0))
    return Classified(model.classes_, links.softmax(graph, logits), scores)


@emits("sklearn.AdaBoostRegressor")
def emit_adaboost_regressor(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """The value at which the members below it have half of the weight."""
    graph = context.graph
    values = [
        regressed(context.emit(member, data, f"{where}.estimators_[{index}]"), where).values
        for index, member in enumerate(model.estimators_)
    ]
    weights = model.estimator_weights_[: len(values)]
    if len(values) == 1:
        return Regressed(values[0], 1)
    joined = graph.op("Concat", *values, axis=1)
    ordered, order = graph.ops(
        "TopK", joined, graph.constant([len(values)], "int64"), outputs=2, axis=1, largest=0, sorted=1
    )
    shares = graph.op(
        "CumSum", graph.op("Gather", graph.constant(weights), order, axis=0), graph.constant(1, "int64")
    )
    half = graph.op("Mul", graph.columns(shares, len(values) - 1, len(values)), graph.constant(0.5))
    reached = graph.op("Cast", graph.op("GreaterOrEqual", shares, half), to=TensorProto.INT32)
    first = graph.op("ArgMax", reached, axis=1, keepdims=1)
    return Regressed(graph.op("GatherElements", ordered, first, axis=1), 1)
