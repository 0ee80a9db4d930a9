"""Voting, stacking, bagging and the like: the members in the graph, and what becomes of their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from . import links
from .context import Context, Data, Node, Raw, Tensor, emits
from .errors import ExportError
from .graph import GraphBuilder
from .outcome import (
    Classified,
    Multilabel,
    Outcome,
    Regressed,
    classified,
    label_of,
    probabilities_of,
    regressed,
)


@emits("sklearn.VotingClassifier")
def emit_voting_classifier(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """The mean of the probabilities, or the class with most votes: votes are scores, not probabilities."""
    graph = context.graph
    members = _emit_all(context, model.estimators_, data, where)
    weights = _weights(model, len(members))
    if model.voting == "soft":
        shares = weights / weights.sum()
        return Classified(
            model.classes_, _weighted(graph, [probabilities_of(m, where) for m in members], shares)
        )
    votes = [_one_hot(graph, label_of(graph, classified(m, where)), len(model.classes_)) for m in members]
    total = _weighted(graph, votes, weights)
    scores = _difference(graph, total) if len(model.classes_) == 2 else total
    return Classified(model.classes_, scores=scores, label=links.largest(graph, total))


@emits("sklearn.VotingRegressor")
def emit_voting_regressor(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """The weighted mean."""
    members = [regressed(m, where).values for m in _emit_all(context, model.estimators_, data, where)]
    weights = _weights(model, len(members))
    return Regressed(_weighted(context.graph, members, weights / weights.sum()), 1)


@emits("sklearn.StackingClassifier", "sklearn.StackingRegressor")
def emit_stacking(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """The members' answers are the features of the final estimator."""
    graph = context.graph
    members = _emit_all(context, model.estimators_, data, where)
    parts = [
        _stacked(context, outcome, method, where)
        for outcome, method in zip(members, model.stack_method_, strict=True)
    ]
    if model.passthrough:
        parts.append(as_tensor(context, data, where))
    joined = parts[0].name if len(parts) == 1 else graph.op("Concat", *(part.name for part in parts), axis=1)
    features = Tensor(joined, sum(part.width for part in parts))
    outcome = context.emit(model.final_estimator_, features, f"{where}.final_estimator_")
    if isinstance(outcome, Classified):
        # The final estimator was fitted on the classes' indices.
        return replace(outcome, classes=model.classes_)
    return outcome


def _stacked(context: Context, outcome: Outcome, method: str, where: str) -> Tensor:
    graph = context.graph
    if isinstance(outcome, Regressed):
        return Tensor(outcome.values, outcome.targets)
    member = classified(outcome, where)
    classes = len(member.classes)
    if method == "predict_proba":
        # Of two probabilities the first tells nothing more.
        probabilities = probabilities_of(member, where)
        if classes == 2:
            return Tensor(graph.columns(probabilities, 1, 2), 1)
        return Tensor(probabilities, classes)
    if method == "decision_function" and member.scores is not None:
        return Tensor(member.scores, 1 if classes == 2 else classes)
    if method == "predict":
        label = graph.op("Cast", label_of(graph, member), to=11)
        return Tensor(graph.op("Unsqueeze", label, graph.constant([1], "int64")), 1)
    raise ExportError(
        where, f"its members' {method} is not known to the exporter", "use stack_method='predict_proba'"
    )


@emits("sklearn.BaggingClassifier")
def emit_bagging_classifier(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """The mean of the members' probabilities, or the share of their votes."""
    graph, classes = context.graph, len(model.classes_)
    parts = []
    for outcome in _emit_bagged(context, model, data, where):
        member = classified(outcome, where)
        if member.probabilities is None:
            parts.append(_one_hot(graph, label_of(graph, member), classes))
            continue
        own = np.asarray(member.classes, dtype=int)
        if len(own) == classes:
            parts.append(member.probabilities)
        else:
            # A member that never saw some class gives it nothing.
            spread = np.zeros((len(own), classes))
            spread[np.arange(len(own)), own] = 1.0
            parts.append(graph.op("MatMul", member.probabilities, graph.constant(spread)))
    return Classified(model.classes_, _weighted(graph, parts, np.full(len(parts), 1 / len(parts))))


@emits("sklearn.BaggingRegressor")
def emit_bagging_regressor(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """The mean of the members' values."""
    members = [regressed(outcome, where) for outcome in _emit_bagged(context, model, data, where)]
    shares = np.full(len(members), 1 / len(members))
    return Regressed(_weighted(context.graph, [m.values for m in members], shares), members[0].targets)


def _emit_bagged(context: Context, model: Any, data: Data, where: str) -> list[Outcome]:
    outcomes = []
    every = np.arange(model.n_features_in_)
    for index, (member, features) in enumerate(
        zip(model.estimators_, model.estimators_features_, strict=True)
    ):
        rows = data
        if not np.array_equal(features, every):
            tensor = as_tensor(context, data, where)
            chosen = context.graph.op(
                "Gather", tensor.name, context.graph.constant(features, "int64"), axis=1
            )
            rows = Tensor(chosen, len(features))
        outcomes.append(context.emit(member, rows, f"{where}.estimators_[{index}]"))
    return outcomes


@emits("sklearn.OneVsRestClassifier")
def emit_one_vs_rest(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """One classifier a class; the labels of a multilabel target each speak for themselves."""
    graph, classes = context.graph, model.classes_
    members = [
        _constant(context, member, data, where)
        if type(member).__name__ == "_ConstantPredictor"
        else classified(context.emit(member, data, f"{where}.estimators_[{index}]"), where)
        for index, member in enumerate(model.estimators_)
    ]
    scored = all(member.scores is not None for member in members)
    scores = side_by_side(graph, [member.scores or "" for member in members]) if scored else None
    probabilities = None
    if all(member.probabilities is not None for member in members):
        columns = [graph.columns(member.probabilities or "", 1, 2) for member in members]
        probabilities = side_by_side(graph, columns)
    if model.multilabel_:
        if probabilities is None:
            return Multilabel(classes, scores=scores, threshold=0.0)
        return Multilabel(classes, probabilities=probabilities)
    if len(members) == 1:
        return Classified(classes, members[0].probabilities, members[0].scores, label_of(graph, members[0]))
    label = links.largest(graph, scores or probabilities or "")
    if probabilities is not None:
        probabilities = links.normalised(graph, probabilities, len(classes))
    return Classified(classes, probabilities, scores, label)


def _constant(context: Context, member: Any, data: Data, where: str) -> Classified:
    """A label that every row of the training data had, or none."""
    graph = context.graph
    zero = graph.op("Mul", graph.columns(as_tensor(context, data, where).name, 0, 1), graph.constant(0.0))
    value = graph.op("Add", zero, graph.constant(float(member.y_[0])))
    return Classified(np.array([0, 1]), links.two_columns(graph, value), value)


@emits("sklearn.OneVsOneClassifier")
def emit_one_vs_one(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """A classifier for each pair of classes; votes and confidences make the scores."""
    graph, classes = context.graph, len(model.classes_)
    if model.pairwise_indices_ is not None:
        raise ExportError(where, "it was fitted on a precomputed kernel", "fit it on features")
    members = [
        classified(context.emit(member, data, f"{where}.estimators_[{index}]"), where)
        for index, member in enumerate(model.estimators_)
    ]
    confidence = side_by_side(
        graph,
        [m.scores if m.scores is not None else graph.columns(m.probabilities or "", 1, 2) for m in members],
    )
    flags = [graph.op("Cast", label_of(graph, m), to=11) for m in members]
    votes = side_by_side(graph, [graph.op("Unsqueeze", f, graph.constant([1], "int64")) for f in flags])
    total = links.of_pairs(graph, votes, confidence, classes)
    if classes == 2:
        return Classified(
            model.classes_, scores=graph.columns(total, 1, 2), label=label_of(graph, members[0])
        )
    return Classified(model.classes_, scores=total)


def _emit_all(context: Context, estimators: Sequence[Any], data: Data, where: str) -> list[Outcome]:
    kept = [member for member in estimators if not isinstance(member, str)]
    return [context.emit(m, data, f"{where}.estimators_[{index}]") for index, m in enumerate(kept)]


def as_tensor(context: Context, data: Data, where: str) -> Tensor:
    """The data as a double tensor of the graph, which makes the layout dense."""
    if isinstance(data, Tensor):
        return data
    if isinstance(data, Raw):
        data = context.numbers(data, where)
    assert isinstance(data, Node)
    return Tensor(context.graph.dense_double(context.rows(data)), data.width)


def _weights(model: Any, members: int) -> np.ndarray:
    kept = model._weights_not_none
    return np.ones(members) if kept is None else np.asarray(kept, dtype=np.float64)


def _weighted(graph: GraphBuilder, tensors: Sequence[str], weights: np.ndarray) -> str:
    parts = [
        graph.op("Mul", tensor, graph.constant(float(weight)))
        for tensor, weight in zip(tensors, weights, strict=True)
    ]
    return parts[0] if len(parts) == 1 else graph.op("Sum", *parts)


def side_by_side(graph: GraphBuilder, columns: Sequence[str]) -> str:
    """Tensors [rows, columns] joined along the columns."""
    return columns[0] if len(columns) == 1 else graph.op("Concat", *columns, axis=1)


def _one_hot(graph: GraphBuilder, label: str, classes: int) -> str:
    """Double [rows, classes] with a 1 at each row's label."""
    column = graph.op("Unsqueeze", label, graph.constant([1], "int64"))
    return graph.op("Cast", graph.op("Equal", column, graph.constant(np.arange(classes), "int64")), to=11)


def _difference(graph: GraphBuilder, two: str) -> str:
    """The second column minus the first, [rows, 1]."""
    return graph.op("Sub", graph.columns(two, 1, 2), graph.columns(two, 0, 1))
