"""Decision trees, forests and gradient boosting of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import links
from .context import Context, Data, emits
from .ensembles import as_tensor
from .errors import ExportError
from .forest import Forest, as_float
from .outcome import Classified, Outcome, Regressed
from .targets import several


@emits(
    "sklearn.DecisionTreeClassifier",
    "sklearn.ExtraTreeClassifier",
    "sklearn.RandomForestClassifier",
    "sklearn.ExtraTreesClassifier",
)
def emit_tree_classifier(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """The mean of the trees' class shares, for one target or several."""
    trees = getattr(model, "estimators_", [model])
    one = model.n_outputs_ == 1
    classes = [model.classes_] if one else model.classes_
    shares = [_shares(tree.tree_, classes) / len(trees) for tree in trees]
    probabilities = _sum(context, [tree.tree_ for tree in trees], shares, data, where)
    if one:
        return Classified(model.classes_, probabilities)
    parts, at = [], 0
    for of_target in classes:
        columns = context.graph.columns(probabilities, at, at + len(of_target))
        parts.append(Classified(of_target, columns))
        at += len(of_target)
    return several(context, parts)


@emits(
    "sklearn.DecisionTreeRegressor",
    "sklearn.ExtraTreeRegressor",
    "sklearn.RandomForestRegressor",
    "sklearn.ExtraTreesRegressor",
)
def emit_tree_regressor(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """The mean of the trees' values."""
    trees = [tree.tree_ for tree in getattr(model, "estimators_", [model])]
    values = [tree.value[:, :, 0] / len(trees) for tree in trees]
    return Regressed(_sum(context, trees, values, data, where), model.n_outputs_)


@emits("sklearn.GradientBoostingClassifier")
def emit_boosting_classifier(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Sums of trees, with the link of the loss."""
    scores = _boosted(context, model, data, where)
    doubled = scores
    if model.loss == "exponential":
        doubled = context.graph.op("Mul", scores, context.graph.constant(2.0))
    return _linked(context, model.classes_, scores, doubled)


@emits("sklearn.GradientBoostingRegressor")
def emit_boosting_regressor(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Sums of trees."""
    return Regressed(_boosted(context, model, data, where), 1)


@emits("sklearn.HistGradientBoostingClassifier")
def emit_hist_classifier(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Sums of trees on double values."""
    scores = _hist(context, model, data, where)
    return _linked(context, model.classes_, scores, scores)


@emits("sklearn.HistGradientBoostingRegressor")
def emit_hist_regressor(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Sums of trees on double values, behind a log link for Poisson and gamma losses."""
    values = _hist(context, model, data, where)
    link = type(model._loss.link).__name__
    return Regressed(context.graph.op("Exp", values) if link == "LogLink" else values, 1)


def _shares(tree: Any, classes: list[np.ndarray]) -> np.ndarray:
    """Each node's class shares, the targets side by side, [nodes, classes of all targets]."""
    parts = []
    for target, of_target in enumerate(classes):
        counts = tree.value[:, target, : len(of_target)]
        total = counts.sum(axis=1, keepdims=True)
        parts.append(counts / np.where(total == 0, 1, total))
    return np.concatenate(parts, axis=1)


def _sum(context: Context, trees: list[Any], values: list[np.ndarray], data: Data, where: str) -> str:
    forest = Forest(values[0].shape[1])
    for tree, of_tree in zip(trees, values, strict=True):
        forest.add_sklearn(tree, of_tree)
    rows = as_tensor(context, data, where).name
    return forest.emit(context.graph, as_float(context.graph, rows))


def _boosted(context: Context, model: Any, data: Data, where: str) -> str:
    """Raw scores, [rows, columns]."""
    graph, columns = context.graph, model.estimators_.shape[1]
    if isinstance(model.init_, str):
        start = np.zeros(columns)
    elif type(model.init_).__name__ in {"DummyClassifier", "DummyRegressor"}:
        # A constant, whatever the row.
        start = model._raw_predict_init(np.zeros((1, model.n_features_in_), dtype=np.float32))[0]
    else:
        raise ExportError(where, "it starts from init=, a model of its own", "fit it without init=")
    forest = Forest(columns)
    for stage in model.estimators_:
        for column, member in enumerate(stage):
            forest.add_sklearn(member.tree_, member.tree_.value[:, :, 0] * model.learning_rate, column)
    rows = as_tensor(context, data, where).name
    return graph.op("Add", forest.emit(graph, as_float(graph, rows)), graph.constant(start))


def _hist(context: Context, model: Any, data: Data, where: str) -> str:
    """Raw scores, [rows, columns]."""
    graph = context.graph
    if model._preprocessor is not None:
        raise ExportError(
            where, "it has categorical features", "one-hot or ordinal encode them in a step before"
        )
    forest = Forest(model.n_trees_per_iteration_)
    for iteration in model._predictors:
        for column, predictor in enumerate(iteration):
            nodes = predictor.nodes
            forest.add(
                nodes["left"],
                nodes["right"],
                nodes["feature_idx"],
                nodes["num_threshold"],
                nodes["missing_go_to_left"],
                nodes["is_leaf"].astype(bool),
                nodes["value"][:, np.newaxis],
                column,
            )
    rows = as_tensor(context, data, where).name
    return graph.op("Add", forest.emit(graph, rows), graph.constant(np.ravel(model._baseline_prediction)))


def _linked(context: Context, classes: np.ndarray, scores: str, logits: str) -> Classified:
    graph = context.graph
    if len(classes) == 2:
        return Classified(classes, links.two_columns(graph, links.sigmoid(graph, logits)), scores)
    return Classified(classes, links.softmax(graph, logits), scores)
