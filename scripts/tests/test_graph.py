"""The graph that linear models share."""

import numpy as np
import scipy.sparse
from graphs import run_graph

from labelstudio_export.graph import GraphBuilder, Rows


def serialised(graph: GraphBuilder, layout: str, width: int, outputs, dtype: str = "float64") -> bytes:
    return graph.finish(layout, dtype, width, outputs).SerializeToString()


def test_sums_are_the_same_with_several_threads():
    """One row of many entries: the adds of several threads meet in the same place."""
    rng = np.random.default_rng(0)
    weights, bias = rng.normal(size=(1000, 3)), rng.normal(size=3)
    graph = GraphBuilder()
    model = serialised(graph, "sparse", 1000, [("scores", graph.linear(Rows(0, 1000), weights, bias))])
    entries = 200_000
    rows = scipy.sparse.coo_matrix(
        (rng.normal(size=entries), (np.zeros(entries, int), rng.integers(0, 1000, entries))), shape=(1, 1000)
    )
    for _ in range(5):
        assert np.abs(run_graph(model, rows)["scores"] - (rows @ weights + bias)).max() < 1e-9


def test_blocks_take_their_own_columns():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(7, 10))
    a, b, c = rng.normal(size=(4, 2)), rng.normal(size=(6, 1)), rng.normal(size=(6, 3))
    expected = {"a": x[:, :4] @ a, "b": (x[:, 4:] > 0.5) @ b + 1, "c": x[:, 4:] @ c}
    for layout in ("sparse", "dense"):
        graph = GraphBuilder()
        outputs = [
            ("a", graph.linear(Rows(0, 4), a, np.zeros(2))),
            ("b", graph.linear(Rows(4, 6), b, np.ones(1), binarize=0.5)),
            ("c", graph.linear(Rows(4, 6), c, np.zeros(3))),
        ]
        got = run_graph(serialised(graph, layout, 10, outputs), x)
        for name, values in expected.items():
            assert np.abs(got[name] - values).max() < 1e-12, (layout, name)
