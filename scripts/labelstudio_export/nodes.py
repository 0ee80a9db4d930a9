"""A step of features.json with what its consumers must know about its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Node:
    """A `Step` of `src/inputs/features/spec.ts`, and the rows that it makes.

    `dtype` is `float64` or `float32`; `filled` is the number of columns that are seldom zero.
    """

    step: dict[str, Any]
    width: int
    dtype: str
    filled: int

    def then(self, step: dict[str, Any], **changes: Any) -> Node:
        """This node followed by a transform."""
        return replace(self, step=chain([self.step, step]), **changes)


def chain(steps: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The steps as one, without pipelines inside pipelines."""
    flat: list[dict[str, Any]] = []
    for step in steps:
        flat.extend(step["steps"] if step["type"] == "pipeline" else [step])
    return flat[0] if len(flat) == 1 else {"type": "pipeline", "steps": flat}


def union(nodes: Sequence[Node], weights: Sequence[float | None] | None = None) -> Node:
    """The nodes' rows side by side, each times its weight."""
    weights = weights or [None] * len(nodes)
    parts = []
    for node, weight in zip(nodes, weights, strict=True):
        parts.append({"step": node.step} | ({} if weight is None else {"weight": float(weight)}))
    return combined(nodes, {"type": "union", "parts": parts})


def combined(nodes: Sequence[Node], step: dict[str, Any]) -> Node:
    """A step that lays the nodes' rows side by side."""
    dtype = "float32" if all(node.dtype == "float32" for node in nodes) else "float64"
    return Node(step, sum(node.width for node in nodes), dtype, sum(node.filled for node in nodes))


def numbers_node(width: int) -> Node:
    """Columns of numbers as they are."""
    return Node({"type": "numbers", "width": width}, width, "float64", filled=width)


def columns_node(parts: Sequence[tuple[Sequence[str], Node, float | None]]) -> Node:
    """Parts of a record side by side: the names of the columns that each takes, its node and its weight."""
    steps = []
    for names, node, weight in parts:
        part = {"columns": list(names), "step": node.step}
        steps.append(part if weight is None else part | {"weight": float(weight)})
    return combined([node for _, node, _ in parts], {"type": "columns", "parts": steps})


def float_dtype(dtype: Any) -> str:
    """The spec's dtype for a NumPy dtype: float32 stays, everything else is computed in double."""
    return "float32" if np.dtype(dtype) == np.float32 else "float64"
