"""CalibratedClassifierCV, and classifiers with a threshold of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import links
from .context import Context, Data, emits
from .errors import ExportError
from .graph import GraphBuilder
from .outcome import Classified, Outcome, Threshold, classified, probabilities_of

# What scikit-learn adds to probabilities before their logarithm.
_SMALL = 1e-12


@emits("sklearn.CalibratedClassifierCV")
def emit_calibrated(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """The mean of its calibrated members."""
    members = [
        _member(context, member, data, f"{where}.calibrated_classifiers_[{index}]")
        for index, member in enumerate(model.calibrated_classifiers_)
    ]
    graph = context.graph
    total = graph.op("Sum", *members)
    return Classified(model.classes_, graph.op("Div", total, graph.constant(float(len(members)))))


def _member(context: Context, member: Any, data: Data, where: str) -> str:
    graph, classes = context.graph, len(member.classes)
    outcome = classified(context.emit(member.estimator, data, f"{where}.estimator"), where)
    if len(outcome.classes) != classes:
        raise ExportError(
            where, "it was fitted on a fold that lacks a class", "fit it with fewer folds, or more rows"
        )
    # As scikit-learn does: the decision function where there is one, else the probabilities.
    raw = outcome.scores
    if raw is None:
        raw = probabilities_of(outcome, where)
        if classes == 2 and member.method != "temperature":
            raw = graph.columns(raw, 1, 2)
    if member.method == "temperature":
        return _temperature(graph, member.calibrators[0], outcome, raw, classes)
    columns = []
    for index, calibrator in enumerate(member.calibrators):
        column = raw if len(member.calibrators) == 1 else graph.columns(raw, index, index + 1)
        columns.append(_calibrate(graph, calibrator, column, where))
    if classes == 2:
        return links.two_columns(graph, columns[0])
    return links.normalised(graph, graph.op("Concat", *columns, axis=1), classes)


def _calibrate(graph: GraphBuilder, calibrator: Any, column: str, where: str) -> str:
    """A calibrator on a column [rows, 1]."""
    kind = type(calibrator).__name__
    if kind == "_SigmoidCalibration":
        scaled = graph.op(
            "Add", graph.op("Mul", column, graph.constant(calibrator.a_)), graph.constant(calibrator.b_)
        )
        return links.sigmoid(graph, graph.op("Neg", scaled))
    if kind == "IsotonicRegression":
        return interpolated(graph, column, calibrator.X_thresholds_, calibrator.y_thresholds_)
    raise ExportError(where, f"the calibrator {kind} is not known", "use method='sigmoid' or 'isotonic'")


def interpolated(graph: GraphBuilder, column: str, at: np.ndarray, values: np.ndarray) -> str:
    """Linear interpolation of a column [rows, 1] between points of ascending `at`, constant outside."""
    at, values = np.asarray(at, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if len(at) == 1:
        return graph.op("Add", graph.op("Mul", column, graph.constant(0.0)), graph.constant(values[0]))
    # Each piece adds what it rises from its left end to where the column lies in it.
    inside = graph.op("Min", graph.op("Max", column, graph.constant(at[:-1])), graph.constant(at[1:]))
    slopes = np.diff(values) / np.diff(at)
    rises = graph.op("Mul", graph.op("Sub", inside, graph.constant(at[:-1])), graph.constant(slopes))
    risen = graph.op("ReduceSum", rises, graph.constant([1], "int64"), keepdims=1)
    return graph.op("Add", risen, graph.constant(values[0]))


def _temperature(graph: GraphBuilder, calibrator: Any, outcome: Classified, raw: str, classes: int) -> str:
    """Softmax of the logits times the inverse temperature; logits of probabilities are their logarithms."""
    if outcome.scores is None:
        logits = graph.op("Log", graph.op("Add", raw, graph.constant(_SMALL)))
    else:
        logits = links.both_signs(graph, raw) if classes == 2 else raw
    return links.softmax(graph, graph.op("Mul", logits, graph.constant(calibrator.beta_)))


@emits("sklearn.TunedThresholdClassifierCV", "sklearn.FixedThresholdClassifier")
def emit_threshold(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """The probabilities of its estimator, and a class by its own threshold."""
    graph = context.graph
    estimator = getattr(model, "estimator_", model.estimator)
    outcome = classified(context.emit(estimator, data, f"{where}.estimator_"), where)
    threshold = getattr(model, "best_threshold_", None)
    if threshold is None:
        threshold = model.threshold
    method = model.response_method
    by_probability = outcome.probabilities is not None and method in {"auto", "predict_proba"}
    if threshold == "auto":
        threshold = 0.5 if by_probability else 0.0
    classes = list(outcome.classes)
    positive = classes.index(model.pos_label) if getattr(model, "pos_label", None) is not None else 1
    if by_probability:
        assert outcome.probabilities is not None
        score = graph.columns(outcome.probabilities, positive, positive + 1)
    else:
        assert outcome.scores is not None
        score = outcome.scores if positive == 1 else graph.op("Neg", outcome.scores)
    accepted = graph.op("GreaterOrEqual", score, graph.constant(float(threshold)))
    label = graph.op("Squeeze", graph.op("Cast", accepted, to=7), graph.constant([1], "int64"))
    if positive == 0:
        label = graph.op("Sub", graph.constant([1], "int64"), label)
    rule = Threshold(positive, float(threshold), by_probability)
    return Classified(outcome.classes, outcome.probabilities, outcome.scores, label, rule)
