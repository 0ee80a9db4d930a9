"""LightGBM and XGBoost: their trees, read off the boosters, and the links of their objectives."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from . import links
from .context import Context, Data, emits
from .ensembles import as_tensor
from .errors import ExportError
from .forest import Forest, as_float
from .graph import GraphBuilder
from .outcome import Classified, Multilabel, Outcome, Regressed

_EXPONENTIAL = {"poisson", "gamma", "tweedie", "count:poisson", "reg:gamma", "reg:tweedie"}
_IDENTITY = {
    *("regression", "regression_l1", "huber", "fair", "quantile", "mape"),
    *("reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror"),
}
_SIGMOID = {"binary", "binary:logistic", "reg:logistic", "multiclassova"}
_SOFTMAX = {"multiclass", "multi:softprob", "multi:softmax"}
_CATEGORICAL = "encode categories in a step before, such as a OneHotEncoder or an OrdinalEncoder"


@emits("lightgbm.LGBMClassifier", "lightgbm.LGBMRegressor")
def emit_lightgbm(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Double values and thresholds, as LightGBM compares them."""
    dump = model.booster_.dump_model()
    objective, *settings = str(dump.get("objective", "")).split()
    groups = dump["num_tree_per_iteration"]
    forest = Forest(groups)
    trees = dump["tree_info"]
    share = groups / len(trees) if dump.get("average_output") else 1.0
    for number, tree in enumerate(trees):
        _add_lightgbm(forest, tree["tree_structure"], number % groups, share, where)
    scores = forest.emit(context.graph, as_tensor(context, data, where).name)
    scale = next((float(s.split(":")[1]) for s in settings if s.startswith("sigmoid:")), 1.0)
    if scale != 1.0 and objective in _SIGMOID:
        scores = context.graph.op("Mul", scores, context.graph.constant(scale))
    if "sqrt" in settings:
        squares = context.graph.op("Mul", scores, scores)
        return Regressed(context.graph.op("Mul", squares, context.graph.op("Sign", scores)), 1)
    return _outcome(context.graph, model, objective, scores, groups, where)


def _add_lightgbm(forest: Forest, root: dict[str, Any], target: int, share: float, where: str) -> None:
    nodes: list[dict[str, Any]] = []

    def visit(node: dict[str, Any]) -> int:
        index = len(nodes)
        nodes.append(node)
        if "split_feature" in node:
            if node["decision_type"] != "<=":
                raise ExportError(where, "it has categorical features", _CATEGORICAL)
            if node["missing_type"] == "Zero":
                raise ExportError(where, "it takes zeros for missing", "fit it with zero_as_missing=False")
            node["_left"], node["_right"] = visit(node["left_child"]), visit(node["right_child"])
        elif "leaf_coeff" in node:
            raise ExportError(where, "it has linear trees", "fit it with linear_tree=False")
        return index

    visit(root)
    leaf = np.array(["split_feature" not in node for node in nodes])
    threshold = np.array([node.get("threshold", 0.0) for node in nodes], dtype=np.float64)
    # Where the training data had no missing value, LightGBM takes a NaN for 0.
    missing_left = [
        bool(node.get("default_left"))
        if node.get("missing_type") == "NaN"
        else node.get("threshold", 0.0) >= 0
        for node in nodes
    ]
    forest.add(
        np.array([node.get("_left", 0) for node in nodes]),
        np.array([node.get("_right", 0) for node in nodes]),
        np.array([node.get("split_feature", 0) for node in nodes]),
        threshold,
        np.array(missing_left),
        leaf,
        np.array([[node.get("leaf_value", 0.0) * share] for node in nodes]),
        target,
    )


@emits("xgboost.XGBClassifier", "xgboost.XGBRegressor", "xgboost.XGBRFClassifier", "xgboost.XGBRFRegressor")
def emit_xgboost(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Values and thresholds in float, as XGBoost has them."""
    booster = model.get_booster()
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    gradient = learner["gradient_booster"]
    weights = gradient.get("weight_drop")
    trees_of = gradient.get("gbtree", gradient).get("model", {})
    if "trees" not in trees_of:
        raise ExportError(
            where, f"its booster {gradient['name']!r} has no trees", "fit it with booster='gbtree'"
        )
    groups = max(int(learner["learner_model_param"][key]) for key in ("num_class", "num_target"))
    groups = max(groups, 1)
    trees = trees_of["trees"]
    best = getattr(model, "best_iteration", None) if _stopped_early(model) else None
    if best is not None:
        trees = trees[: trees_of["iteration_indptr"][best + 1]]
    forest = Forest(groups)
    for number, tree in enumerate(trees):
        share = 1.0 if weights is None else weights[number]
        _add_xgboost(forest, tree, trees_of["tree_info"][number], share, where)
    context.single = True
    rows = as_float(context.graph, as_tensor(context, data, where).name)
    start = _xgboost_start(model, forest)
    scores = context.graph.op("Add", forest.emit(context.graph, rows), context.graph.constant(start))
    return _outcome(context.graph, model, learner["objective"]["name"], scores, groups, where)


def _stopped_early(model: Any) -> bool:
    return getattr(model, "early_stopping_rounds", None) is not None


def _add_xgboost(forest: Forest, tree: dict[str, Any], target: int, share: float, where: str) -> None:
    if any(tree["split_type"]):
        raise ExportError(where, "it has categorical features", _CATEGORICAL)
    left = np.array(tree["left_children"])
    if left.size and int(tree["tree_param"].get("size_leaf_vector", 1)) > 1:
        raise ExportError(
            where, "its leaves hold vectors", "fit it with multi_strategy='one_output_per_tree'"
        )
    conditions = np.array(tree["split_conditions"], dtype=np.float32)
    # `x < t` of floats is `x <= ` the next float below t.
    below = np.nextafter(conditions, np.float32(-np.inf))
    forest.add(
        left,
        np.array(tree["right_children"]),
        np.array(tree["split_indices"]),
        below.astype(np.float64),
        np.array(tree["default_left"]),
        left < 0,
        conditions.astype(np.float64)[:, np.newaxis] * share,
        target,
    )


def _xgboost_start(model: Any, forest: Forest) -> np.ndarray:
    """What XGBoost adds to the sums of its trees: told by one row, whatever the version's way to store it."""
    row = np.zeros((1, model.n_features_in_), dtype=np.float32)
    margin = np.asarray(model.predict(row, output_margin=True), dtype=np.float64).ravel()
    return margin - forest.sums(row[0])


def _outcome(
    graph: GraphBuilder, model: Any, objective: str, scores: str, groups: int, where: str
) -> Outcome:
    classes = getattr(model, "classes_", None)
    functions: dict[str, Callable[[], str]] = {
        **dict.fromkeys(_EXPONENTIAL, lambda: graph.op("Exp", scores)),
        **dict.fromkeys(_IDENTITY, lambda: scores),
        **dict.fromkeys(_SIGMOID, lambda: links.sigmoid(graph, scores)),
        **dict.fromkeys(_SOFTMAX, lambda: links.softmax(graph, scores)),
    }
    if objective not in functions:
        raise ExportError(where, f"its objective {objective!r} is not known", "fit it with another objective")
    numbers = functions[objective]()
    if classes is None:
        return Regressed(numbers, groups)
    if objective in _SOFTMAX:
        return Classified(classes, numbers)
    if objective == "multiclassova":
        # Each class for itself: they do not add up to 1 in LightGBM either.
        return Classified(classes, numbers, label=links.largest(graph, scores))
    if groups > 1:
        return Multilabel(np.arange(groups), probabilities=numbers)
    return Classified(classes, links.two_columns(graph, numbers))
