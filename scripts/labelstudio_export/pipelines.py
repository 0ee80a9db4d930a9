"""Pipelines, and the wrappers that hold one fitted model."""

from __future__ import annotations

from typing import Any

import numpy as np

from .context import Context, Data, emits
from .errors import ExportError
from .outcome import Outcome, Regressed, regressed
from .steps import read_steps


@emits("sklearn.Pipeline")
def emit_pipeline(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Its preprocessing steps go to features.json, its last step to the graph."""
    rows = read_steps(context, model.steps[:-1], data, where)
    name, last = model.steps[-1]
    if last is None or last == "passthrough":
        raise ExportError(
            where, f"its last step {name!r} is no model", "end it with a classifier or a regressor"
        )
    return context.emit(last, rows, f"{where}.{name}")


@emits(
    "sklearn.GridSearchCV",
    "sklearn.RandomizedSearchCV",
    "sklearn.HalvingGridSearchCV",
    "sklearn.HalvingRandomSearchCV",
)
def emit_search(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """The estimator that the search found best."""
    if not hasattr(model, "best_estimator_"):
        raise ExportError(where, "it kept no fitted model (refit=False)", "run the search with refit=True")
    return context.emit(model.best_estimator_, data, f"{where}.best_estimator_")


@emits("sklearn.FrozenEstimator", "sklearn.SelfTrainingClassifier", "sklearn.RANSACRegressor")
def emit_wrapper(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """The estimator inside."""
    inside = model.estimator_ if hasattr(model, "estimator_") else model.estimator
    return context.emit(inside, data, f"{where}.estimator_")


@emits("sklearn.TransformedTargetRegressor")
def emit_transformed_target(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Takes the target's transform back."""
    graph = context.graph
    outcome = regressed(context.emit(model.regressor_, data, f"{where}.regressor_"), where)
    transformer = model.transformer_
    kind = type(transformer).__name__
    if kind == "FunctionTransformer":
        inverse = transformer.inverse_func
        names = {np.exp: "exp", np.expm1: "expm1", np.square: "square", np.sqrt: "sqrt", None: "none"}
        values = {
            "exp": lambda: graph.op("Exp", outcome.values),
            "expm1": lambda: graph.op("Sub", graph.op("Exp", outcome.values), graph.constant(1.0)),
            "square": lambda: graph.op("Mul", outcome.values, outcome.values),
            "sqrt": lambda: graph.op("Sqrt", outcome.values),
            "none": lambda: outcome.values,
        }.get(names.get(inverse, ""))
        if values is None:
            raise ExportError(
                where,
                f"its inverse_func {getattr(inverse, '__name__', inverse)!r} is a Python function",
                "use np.exp, np.expm1, np.square or np.sqrt",
            )
        return Regressed(values(), outcome.targets)
    if kind == "StandardScaler":
        scaled = outcome.values
        if transformer.with_std:
            scaled = graph.op("Mul", scaled, graph.constant(transformer.scale_))
        if transformer.with_mean:
            scaled = graph.op("Add", scaled, graph.constant(transformer.mean_))
        return Regressed(scaled, outcome.targets)
    raise ExportError(
        where, f"its transformer {kind} is not known", "use a StandardScaler or func=, inverse_func="
    )
