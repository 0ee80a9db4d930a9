"""Linear models: weights, bias and each one's own link, in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import links
from .context import Context, Data, Raw, Tensor, emits
from .errors import ExportError
from .outcome import Classified, Multilabel, Outcome, Regressed, label_of


def decision(
    context: Context, weights: Any, bias: Any, data: Data, where: str, binarize: float | None = None
) -> str:
    """`x @ weights.T + bias`.

    :param weights: [outputs, features] or [features], as in `coef_`
    :param bias: [outputs] or a number, as in `intercept_`
    """
    weights = np.atleast_2d(_dense(weights)).T
    bias = np.broadcast_to(np.ravel(np.asarray(bias, dtype=np.float64)), weights.shape[1])
    if isinstance(data, Raw):
        data = context.numbers(data, where)
    if data.width != weights.shape[0]:
        raise ExportError(
            where,
            f"it has weights for {weights.shape[0]} features, and gets {data.width}",
            "fit the pipeline again",
        )
    rows = data.name if isinstance(data, Tensor) else context.rows(data)
    return context.graph.linear(rows, weights, bias, binarize)


@emits("sklearn.LogisticRegression", "sklearn.LogisticRegressionCV")
def emit_logistic_regression(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Softmax, or for two classes (and one-versus-rest, in scikit-learn up to 1.7) sigmoids."""
    graph = context.graph
    scores = decision(context, model.coef_, model.intercept_, data, where)
    classes = len(model.classes_)
    # The parameter is gone in scikit-learn 1.8, and with it everything but these two cases.
    multi_class = getattr(model, "multi_class", "deprecated")
    automatic = multi_class in {"auto", "deprecated"}
    if multi_class == "ovr" or (automatic and (classes == 2 or model.solver == "liblinear")):
        outcome = Classified(model.classes_, links.one_vs_rest(graph, scores, classes), scores)
        return _with_label(context, outcome)
    wide = links.both_signs(graph, scores) if classes == 2 else scores
    return Classified(model.classes_, links.softmax(graph, wide), scores)


@emits("sklearn.SGDClassifier")
def emit_sgd_classifier(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Probabilities for the losses that have them, else decision scores."""
    graph, classes = context.graph, len(model.classes_)
    scores = decision(context, model.coef_, model.intercept_, data, where)
    if model.loss == "log_loss":
        return _with_label(
            context, Classified(model.classes_, links.one_vs_rest(graph, scores, classes), scores)
        )
    if model.loss != "modified_huber":
        return Classified(model.classes_, scores=scores)
    clipped = graph.op("Max", graph.op("Min", scores, graph.constant(1.0)), graph.constant(-1.0))
    halves = graph.op("Div", graph.op("Add", clipped, graph.constant(1.0)), graph.constant(2.0))
    probabilities = (
        links.two_columns(graph, halves) if classes == 2 else links.normalised(graph, halves, classes)
    )
    return _with_label(context, Classified(model.classes_, probabilities, scores))


@emits("sklearn.LinearDiscriminantAnalysis")
def emit_discriminant_analysis(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Softmax, or for two classes a sigmoid."""
    graph = context.graph
    scores = decision(context, model.coef_, model.intercept_, data, where)
    if len(model.classes_) == 2:
        return Classified(model.classes_, links.one_vs_rest(graph, scores, 2), scores)
    return Classified(model.classes_, links.softmax(graph, scores), scores)


@emits("sklearn.LinearSVC", "sklearn.Perceptron", "sklearn.PassiveAggressiveClassifier")
def emit_linear_classifier(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Decision scores: these models have no probabilities."""
    return Classified(model.classes_, scores=decision(context, model.coef_, model.intercept_, data, where))


@emits("sklearn.RidgeClassifier", "sklearn.RidgeClassifierCV")
def emit_ridge_classifier(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Decision scores of classes, or of labels when it was fitted on several."""
    scores = decision(context, model.coef_, model.intercept_, data, where)
    if model._label_binarizer.y_type_.startswith("multilabel"):
        return Multilabel(model.classes_, scores=scores, threshold=0.0)
    return Classified(model.classes_, scores=scores)


_REGRESSORS = """
    LinearRegression Ridge RidgeCV Lasso LassoCV ElasticNet ElasticNetCV Lars LarsCV LassoLars LassoLarsCV
    LassoLarsIC MultiTaskLasso MultiTaskLassoCV MultiTaskElasticNet MultiTaskElasticNetCV BayesianRidge
    ARDRegression HuberRegressor TheilSenRegressor SGDRegressor PassiveAggressiveRegressor LinearSVR
    OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV QuantileRegressor
"""


@emits(*(f"sklearn.{name}" for name in _REGRESSORS.split()))
def emit_linear_regressor(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Values, one or several targets."""
    values = decision(context, model.coef_, model.intercept_, data, where)
    return Regressed(values, np.atleast_2d(_dense(model.coef_)).shape[0])


@emits("sklearn.PLSRegression")
def emit_pls_regression(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """A linear regressor of centred features."""
    bias = model.intercept_ - model.coef_ @ model._x_mean
    return Regressed(decision(context, model.coef_, bias, data, where), model.coef_.shape[0])


@emits("sklearn.PoissonRegressor", "sklearn.GammaRegressor", "sklearn.TweedieRegressor")
def emit_generalised_linear(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """A linear predictor behind a log link, or none."""
    values = decision(context, model.coef_, model.intercept_, data, where)
    link = type(model._base_loss.link).__name__
    if link not in {"LogLink", "IdentityLink"}:
        raise ExportError(where, f"its link {link} is not known", "fit it with link='log' or 'identity'")
    return Regressed(context.graph.op("Exp", values) if link == "LogLink" else values, 1)


def _with_label(context: Context, outcome: Classified) -> Classified:
    """Takes the label of several classes from the scores, which differ where probabilities of 1 tie."""
    if len(outcome.classes) == 2:
        return outcome
    label = label_of(context.graph, outcome)
    return Classified(outcome.classes, outcome.probabilities, outcome.scores, label)


def _dense(weights: Any) -> np.ndarray:
    """`coef_` as an array; `sparsify()` makes it a sparse matrix."""
    return np.asarray(weights.todense() if hasattr(weights, "todense") else weights, dtype=np.float64)
