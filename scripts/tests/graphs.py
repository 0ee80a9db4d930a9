"""Runs exported graphs in Python's ONNX Runtime, on rows that scikit-learn's own preprocessing made."""

import numpy as np
import onnxruntime
import scipy.sparse


def run_graph(model: bytes, rows) -> dict[str, np.ndarray]:
    """The outputs by name for rows, a sparse matrix or an array; on several threads, as in a server."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    types = {entry.name: entry.type for entry in session.get_inputs()}
    element = np.float64 if "double" in (types.get("input") or types.get("value")) else np.float32
    if "input" in types:
        dense = rows.toarray() if scipy.sparse.issparse(rows) else np.asarray(rows)
        feeds = {"input": dense.astype(element)}
    else:
        triple = scipy.sparse.coo_matrix(rows)
        feeds = {
            "row": np.append(triple.row, 0).astype(np.int32),
            "feature": np.append(triple.col, 0).astype(np.int32),
            "value": np.append(triple.data, 0).astype(element),
            "size": np.array([rows.shape[0]], dtype=np.int64),
        }
    return dict(zip(names, session.run(names, feeds), strict=True))
