"""Makes graphs of linear models over word counts.

stdin:  one JSON object a line: {"weights": [[a number for each column] for each word], "bias": [...], "link"}
        link: "softmax" and "sigmoid" give the output `probabilities`, "identity" gives `values`
stdout: one JSON string a line: the graph in base64; its input is `input`, [rows, words]
"""

import base64
import json
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

LINKS = {
    "softmax": ("Softmax", "probabilities", {"axis": 1}),
    "sigmoid": ("Sigmoid", "probabilities", {}),
    "identity": ("Identity", "values", {}),
}


def graph(spec: dict) -> bytes:
    """An ONNX model, serialised."""
    weights = np.array(spec["weights"]).astype(np.float64)
    bias = np.array(spec["bias"], dtype=np.float64)
    words, columns = weights.shape
    operator, output, attributes = LINKS[spec["link"]]
    made = helper.make_graph(
        [
            helper.make_node("MatMul", ["input", "weights"], ["sums"]),
            helper.make_node("Add", ["sums", "bias"], ["decisions"]),
            helper.make_node(operator, ["decisions"], [output], **attributes),
        ],
        "linear",
        [helper.make_tensor_value_info("input", TensorProto.DOUBLE, [None, words])],
        [helper.make_tensor_value_info(output, TensorProto.DOUBLE, [None, columns])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")],
    )
    opset = helper.make_opsetid("", 17)
    return helper.make_model(made, opset_imports=[opset], ir_version=8).SerializeToString()


for line in sys.stdin:
    print(json.dumps(base64.b64encode(graph(json.loads(line))).decode()))
