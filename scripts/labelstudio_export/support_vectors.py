"""Support vector machines, in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto

from . import links
from .context import Context, Data, emits
from .converted import inline
from .ensembles import as_tensor
from .errors import ExportError
from .graph import GraphBuilder
from .outcome import Classified, Outcome, Regressed


@emits("sklearn.SVC", "sklearn.NuSVC")
def emit_support_vectors(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Scores, and a class by votes; the probabilities of `probability=True` can say another one."""
    graph, classes = context.graph, len(model.classes_)
    similar = kernel(context, model, data, where)
    if classes == 2:
        scores = _affine(graph, similar, _dense(model.dual_coef_).T, model.intercept_)
        label = links.above(graph, scores)
    else:
        pairs = _affine(graph, similar, _pair_weights(model), model.intercept_)
        lost = graph.op("Cast", graph.op("Less", pairs, graph.constant(0.0)), to=TensorProto.DOUBLE)
        scores = links.of_pairs(graph, lost, graph.op("Neg", pairs), classes)
        # libsvm counts votes alone, unless it is told to break ties by the scores.
        won = graph.op("Cast", graph.op("Greater", pairs, graph.constant(0.0)), to=TensorProto.DOUBLE)
        beaten = graph.op("Sub", graph.constant(1.0), won)
        label = links.largest(graph, scores if model.break_ties else links.votes(graph, beaten, classes))
        if model.decision_function_shape == "ovo" and not hasattr(model, "predict_proba"):
            raise ExportError(
                where, "its scores are of pairs of classes", "fit it with decision_function_shape='ovr'"
            )
    if hasattr(model, "predict_proba"):
        _, probabilities = inline(context, model, data, where)
        return Classified(model.classes_, probabilities, label=label)
    return Classified(model.classes_, scores=scores, label=label)


@emits("sklearn.SVR", "sklearn.NuSVR")
def emit_support_vector_regressor(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Values."""
    similar = kernel(context, model, data, where)
    return Regressed(_affine(context.graph, similar, _dense(model.dual_coef_).T, model.intercept_), 1)


def kernel(context: Context, model: Any, data: Data, where: str) -> str:
    """The kernel of the rows with the support vectors, [rows, support vectors].

    :raises ExportError: when the kernel is a function or precomputed
    """
    graph = context.graph
    rows = as_tensor(context, data, where).name
    vectors = _dense(model.support_vectors_)
    products = graph.op("MatMul", rows, graph.constant(vectors.T))
    if model.kernel == "linear":
        return products
    if model.kernel == "rbf":
        own = graph.op("ReduceSum", graph.op("Mul", rows, rows), graph.constant([1], "int64"), keepdims=1)
        both = graph.op("Add", own, graph.constant((vectors**2).sum(axis=1)))
        distances = graph.op("Sub", both, graph.op("Mul", products, graph.constant(2.0)))
        return graph.op("Exp", graph.op("Mul", distances, graph.constant(-float(model._gamma))))
    if model.kernel not in {"poly", "sigmoid"}:
        raise ExportError(
            where, f"its kernel {model.kernel!r} is not known", "use rbf, linear, poly or sigmoid"
        )
    scaled = graph.op("Mul", products, graph.constant(float(model._gamma)))
    shifted = graph.op("Add", scaled, graph.constant(float(model.coef0)))
    if model.kernel == "sigmoid":
        return graph.op("Tanh", shifted)
    return graph.op("Pow", shifted, graph.constant(float(model.degree)))


def _pair_weights(model: Any) -> np.ndarray:
    """Libsvm's coefficients as one column a pair of classes, [support vectors, pairs]."""
    coefficients = _dense(model.dual_coef_)
    ends = np.cumsum(model.n_support_)
    of_class = [slice(end - count, end) for end, count in zip(ends, model.n_support_, strict=True)]
    first, second = np.triu_indices(len(of_class), 1)
    weights = np.zeros((coefficients.shape[1], len(first)))
    for pair, (i, j) in enumerate(zip(first, second, strict=True)):
        weights[of_class[i], pair] = coefficients[j - 1, of_class[i]]
        weights[of_class[j], pair] = coefficients[i, of_class[j]]
    return weights


def _affine(graph: GraphBuilder, rows: str, weights: np.ndarray, bias: np.ndarray) -> str:
    return graph.op("Add", graph.op("MatMul", rows, graph.constant(weights)), graph.constant(np.ravel(bias)))


def _dense(values: Any) -> np.ndarray:
    return np.asarray(values.toarray() if hasattr(values, "toarray") else values, dtype=np.float64)
