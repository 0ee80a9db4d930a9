"""Models of several targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .context import Context, Data, Tensor, emits
from .ensembles import as_tensor, side_by_side
from .errors import ExportError
from .outcome import (
    Classified,
    Multilabel,
    Outcome,
    Regressed,
    Several,
    classified,
    label_of,
    regressed,
)


def several(context: Context, parts: Sequence[Classified]) -> Outcome:
    """Several targets' answers: labels when each target is 0 or 1 and has a probability."""
    yes_or_no = all(
        [str(value) for value in part.classes] in (["0", "1"], ["0.0", "1.0"], ["False", "True"])
        for part in parts
    )
    if not yes_or_no or any(part.probabilities is None or part.label is not None for part in parts):
        return Several(parts)
    columns = [context.graph.columns(part.probabilities or "", 1, 2) for part in parts]
    return Multilabel(np.arange(len(parts)), probabilities=side_by_side(context.graph, columns))


@emits("sklearn.MultiOutputClassifier")
def emit_multi_output(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """One classifier a target."""
    return several(context, [classified(outcome, where) for outcome in _members(context, model, data, where)])


@emits("sklearn.MultiOutputRegressor")
def emit_multi_output_regressor(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """One regressor a target."""
    values = [regressed(outcome, where).values for outcome in _members(context, model, data, where)]
    return Regressed(side_by_side(context.graph, values), len(values))


def _members(context: Context, model: Any, data: Data, where: str) -> list[Outcome]:
    return [
        context.emit(member, data, f"{where}.estimators_[{index}]")
        for index, member in enumerate(model.estimators_)
    ]


@emits("sklearn.ClassifierChain")
def emit_classifier_chain(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Each member sees the features and what the members before it said."""
    parts: list[Classified] = []

    def tell(outcome: Outcome) -> str:
        part = classified(outcome, where)
        if part.label is not None:
            raise ExportError(where, "its members have thresholds of their own", "use members without")
        parts.append(part)
        return _told(context, part, getattr(model, "chain_method_", "predict"), where)

    _walk_chain(context, model, data, where, tell)
    graph, labels = context.graph, np.arange(len(parts))
    # `order_` says which label each member of the chain stands for.
    ordered = [parts[index] for index in np.argsort(model.order_)]
    if all(part.probabilities is not None for part in parts):
        columns = [graph.columns(part.probabilities or "", 1, 2) for part in ordered]
        return Multilabel(labels, probabilities=side_by_side(graph, columns))
    return Multilabel(
        labels, scores=side_by_side(graph, [part.scores or "" for part in ordered]), threshold=0.0
    )


@emits("sklearn.RegressorChain")
def emit_regressor_chain(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """The same with values."""
    values: list[str] = []

    def tell(outcome: Outcome) -> str:
        values.append(regressed(outcome, where).values)
        return values[-1]

    _walk_chain(context, model, data, where, tell)
    ordered = [values[index] for index in np.argsort(model.order_)]
    return Regressed(side_by_side(context.graph, ordered), len(values))


def _walk_chain(context: Context, model: Any, data: Data, where: str, tell: Any) -> None:
    """Emits the chain's members in turn; `tell` returns what a member says to the next ones, [rows, 1]."""
    known = as_tensor(context, data, where)
    for index, member in enumerate(model.estimators_):
        told = tell(context.emit(member, known, f"{where}.estimators_[{index}]"))
        known = Tensor(context.graph.op("Concat", known.name, told, axis=1), known.width + 1)


def _told(context: Context, part: Classified, method: Any, where: str) -> str:
    graph = context.graph
    if method == "predict_proba" and part.probabilities is not None:
        return graph.columns(part.probabilities, 1, 2)
    if method == "decision_function" and part.scores is not None:
        return part.scores
    if method != "predict":
        raise ExportError(
            where, f"its chain_method {method!r} is not known", "fit it with chain_method='predict'"
        )
    classes = graph.constant(np.asarray(part.classes, dtype=np.float64))
    label = graph.op("Gather", classes, label_of(graph, part), axis=0)
    return graph.op("Unsqueeze", label, graph.constant([1], "int64"))
