"""Links: decision scores to probabilities, each as scikit-learn computes it."""

from __future__ import annotations

import numpy as np

from .graph import GraphBuilder


def two_columns(graph: GraphBuilder, positive: str) -> str:
    """`[1 - p, p]` from the positive class's column [rows, 1]."""
    return graph.op("Concat", graph.op("Sub", graph.constant([1.0]), positive), positive, axis=1)


def both_signs(graph: GraphBuilder, scores: str) -> str:
    """`[-d, d]` from a binary decision [rows, 1]."""
    return graph.op("Concat", graph.op("Neg", scores), scores, axis=1)


def softmax(graph: GraphBuilder, scores: str) -> str:
    """The softmax of each row."""
    return graph.op("Softmax", scores, axis=1)


def sigmoid(graph: GraphBuilder, scores: str) -> str:
    """The logistic function of each score."""
    return graph.op("Sigmoid", scores)


def normalised(graph: GraphBuilder, parts: str, width: int) -> str:
    """Each row divided by its sum; a row of zeros becomes uniform."""
    total = graph.op("ReduceSum", parts, graph.constant([1], "int64"), keepdims=1)
    zero = graph.op("Equal", total, graph.constant(0.0))
    safe = graph.op("Where", zero, graph.constant(1.0), total)
    return graph.op("Where", zero, graph.constant(np.array(1 / width)), graph.op("Div", parts, safe))


def one_vs_rest(graph: GraphBuilder, scores: str, classes: int) -> str:
    """Sigmoids, normalised; for two classes one sigmoid of the single score."""
    positive = sigmoid(graph, scores)
    return two_columns(graph, positive) if classes == 2 else normalised(graph, positive, classes)


def largest(graph: GraphBuilder, tensor: str) -> str:
    """The index of each row's largest column, the first of equal ones, int64 [rows]."""
    return graph.op("ArgMax", tensor, axis=1, keepdims=0)


def above(graph: GraphBuilder, scores: str, threshold: float = 0.0) -> str:
    """1 where a column [rows, 1] is above the threshold, else 0, int64 [rows]."""
    flags = graph.op("Greater", scores, graph.constant(threshold))
    flat = graph.op("Squeeze", flags, graph.constant([1], "int64"))
    return graph.op("Cast", flat, to=7)


def votes(graph: GraphBuilder, second_wins: str, classes: int) -> str:
    """Votes for each class, [rows, classes].

    :param second_wins: 1.0 where the second of a pair wins, [rows, pairs]: of (0, 1), (0, 2) ... (1, 2)
    """
    wins, losses = _pairs(classes)
    first_wins = graph.op("Sub", graph.constant(1.0), second_wins)
    for_second = graph.op("MatMul", second_wins, graph.constant(wins))
    return graph.op("Add", for_second, graph.op("MatMul", first_wins, graph.constant(losses)))


def of_pairs(graph: GraphBuilder, second_wins: str, confidence: str, classes: int) -> str:
    """Votes, and between equal ones the confidences: scikit-learn's one-versus-one scores, [rows, classes].

    :param confidence: what speaks for the second class of each pair, [rows, pairs]
    """
    wins, losses = _pairs(classes)
    sums = graph.op("MatMul", confidence, graph.constant(wins - losses))
    # Between -1/3 and 1/3, so that confidences never outweigh a vote.
    size = graph.op("Mul", graph.op("Add", graph.op("Abs", sums), graph.constant(1.0)), graph.constant(3.0))
    return graph.op("Add", votes(graph, second_wins, classes), graph.op("Div", sums, size))


def _pairs(classes: int) -> tuple[np.ndarray, np.ndarray]:
    """For each pair which class is its second, and which its first, each [pairs, classes]."""
    first, second = np.triu_indices(classes, 1)
    return np.eye(classes)[second], np.eye(classes)[first]
