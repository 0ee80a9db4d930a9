"""Trees in the graph: one TreeEnsembleRegressor for any number of them, summed in double."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import TensorProto, numpy_helper

from .graph import GraphBuilder


@dataclass
class Forest:
    """Trees whose leaves' values are summed, target by target."""

    targets: int
    _parts: dict[str, list[np.ndarray]] = field(default_factory=dict)
    _trees: int = 0

    def add(
        self,
        left: np.ndarray,
        right: np.ndarray,
        feature: np.ndarray,
        threshold: np.ndarray,
        missing_left: np.ndarray,
        leaf: np.ndarray,
        values: np.ndarray,
        first_target: int = 0,
    ) -> None:
        """Adds a tree.

        :param left: for each node the node for `x <= threshold`, [nodes]; likewise `right` for the others
        :param missing_left: whether NaN goes left, [nodes]
        :param leaf: whether a node is a leaf, [nodes]
        :param values: what each node adds if it is a leaf, [nodes, columns]
        :param first_target: the target of the first column
        """
        nodes = len(leaf)
        tree, ids = np.full(nodes, self._trees), np.arange(nodes)
        leaves = np.flatnonzero(leaf)
        columns = values.shape[1]
        parts = {
            "nodes_treeids": tree,
            "nodes_nodeids": ids,
            "nodes_featureids": np.where(leaf, 0, feature),
            "nodes_truenodeids": np.where(leaf, 0, left),
            "nodes_falsenodeids": np.where(leaf, 0, right),
            "nodes_missing_value_tracks_true": np.where(leaf, 0, missing_left),
            "leaf": leaf,
            "threshold": np.where(leaf, 0.0, threshold),
            "target_treeids": np.full(len(leaves) * columns, self._trees),
            "target_nodeids": np.repeat(leaves, columns),
            "target_ids": np.tile(np.arange(columns) + first_target, len(leaves)),
            "weights": values[leaves].ravel(),
        }
        for name, part in parts.items():
            self._parts.setdefault(name, []).append(part)
        self._trees += 1

    def add_sklearn(self, tree: Any, values: np.ndarray, first_target: int = 0) -> None:
        """Adds a `tree_` of scikit-learn.

        :param values: for each node what it adds, [nodes, columns]
        """
        leaf = tree.children_left < 0
        missing_left = getattr(tree, "missing_go_to_left", np.zeros(len(leaf)))
        self.add(
            tree.children_left,
            tree.children_right,
            tree.feature,
            tree.threshold,
            missing_left,
            leaf,
            values,
            first_target,
        )

    def sums(self, row: np.ndarray) -> np.ndarray:
        """What the trees add up to for one row without NaN, [targets]."""
        flat = {name: np.concatenate(parts) for name, parts in self._parts.items()}
        first_node = np.searchsorted(flat["nodes_treeids"], np.arange(self._trees))
        total = np.zeros(self.targets)
        for tree, start in enumerate(first_node):
            node = 0
            while not flat["leaf"][start + node]:
                at = start + node
                goes_left = row[flat["nodes_featureids"][at]] <= flat["threshold"][at]
                node = flat["nodes_truenodeids"][at] if goes_left else flat["nodes_falsenodeids"][at]
            own = (flat["target_treeids"] == tree) & (flat["target_nodeids"] == node)
            np.add.at(total, flat["target_ids"][own], flat["weights"][own])
        return total

    def emit(self, graph: GraphBuilder, rows: str) -> str:
        """The sums, double [rows, targets].

        :param rows: double [rows, features]
        """
        flat = {name: np.concatenate(parts) for name, parts in self._parts.items()}
        leaf, threshold, weights = flat.pop("leaf"), flat.pop("threshold"), flat.pop("weights")
        sums = graph.op(
            "TreeEnsembleRegressor",
            rows,
            domain="ai.onnx.ml",
            n_targets=self.targets,
            aggregate_function="SUM",
            post_transform="NONE",
            nodes_modes=["LEAF" if is_leaf else "BRANCH_LEQ" for is_leaf in leaf],
            nodes_values_as_tensor=numpy_helper.from_array(threshold.astype(np.float64), "thresholds"),
            target_weights_as_tensor=numpy_helper.from_array(weights.astype(np.float64), "weights"),
            **{name: values.astype(np.int64).tolist() for name, values in flat.items()},
        )
        return graph.op("Cast", sums, to=TensorProto.DOUBLE)


def as_float(graph: GraphBuilder, rows: str) -> str:
    """The rows rounded to float32, as scikit-learn's trees see them."""
    return graph.op("Cast", graph.op("Cast", rows, to=TensorProto.FLOAT), to=TensorProto.DOUBLE)
