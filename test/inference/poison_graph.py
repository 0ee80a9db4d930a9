"""Makes a text model's graph end, hold up or fill its process when one of some features occurs in a batch.

usage: poison_graph.py MODEL.onnx OUT.onnx CRASH HANG MEMORY FAIL    (indices of features)

Each kind of harm is a number that is always 0, added to the probabilities; what it costs depends on whether
the feature is there:
- CRASH: an LSTM whose batch is 1, or 0, which aborts the process
- HANG: a loop of no round, or of 2 ** 62
- MEMORY: a tensor of 1 number, or of 64 million, whose memory the session keeps
- FAIL: the element of a list of one at 0, or where there is none, so that the run fails
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MEGA = 1_000_000


def main(source: str, target: str, *features: str) -> None:
    """Write the harmful copy of a model."""
    model = onnx.load(source)
    graph = model.graph
    nodes: list[onnx.NodeProto] = []

    def constant(name: str, value: np.ndarray) -> str:
        graph.initializer.append(numpy_helper.from_array(value, name))
        return name

    def node(op: str, inputs: list[str], name: str, **attributes: object) -> str:
        nodes.append(helper.make_node(op, inputs, [name], **attributes))
        return name

    one = constant("poison_one", np.array([1], np.int64))
    empty = constant("poison_no_axes", np.array([], np.int64))

    def present(kind: str, feature: str) -> str:
        """[1] where the batch has the feature, else [0]."""
        index = constant(f"{kind}_feature", np.array([int(feature)], np.int32))
        same = node("Equal", ["feature", index], f"{kind}_same")
        number = node("Cast", [same], f"{kind}_number", to=TensorProto.INT64)
        return node("ReduceMax", [number], f"{kind}_present", keepdims=1)

    def zero(kind: str, value: str) -> str:
        """The sum of a tensor times 0, as a float64 scalar."""
        total = node("ReduceSum", [value, empty], f"{kind}_total", keepdims=0, noop_with_empty_axes=0)
        double = node("Cast", [total], f"{kind}_double", to=TensorProto.DOUBLE)
        return node("Mul", [double, constant(f"{kind}_zero", np.array(0.0))], f"{kind}_nothing")

    def crash(feature: str) -> str:
        batch = node("Sub", [one, present("crash", feature)], "crash_batch")
        shape = node("Concat", [one, batch, one], "crash_shape", axis=0)
        given = node("ConstantOfShape", [shape], "crash_input")
        weights = constant("crash_weights", np.zeros((1, 4, 1), np.float32))
        return node("LSTM", [given, weights, weights], "crash_output", hidden_size=1)

    def hang(feature: str) -> str:
        rounds = node(
            "Mul",
            [present("hang", feature), constant("hang_most", np.array([2**62], np.int64))],
            "hang_rounds",
        )
        body = helper.make_graph(
            [
                helper.make_node("Identity", ["hang_goes_on"], ["hang_goes_on_out"]),
                helper.make_node("Neg", ["hang_carried"], ["hang_carried_out"]),
            ],
            "hang_body",
            [
                helper.make_tensor_value_info("hang_round", TensorProto.INT64, []),
                helper.make_tensor_value_info("hang_goes_on", TensorProto.BOOL, []),
                helper.make_tensor_value_info("hang_carried", TensorProto.FLOAT, [1]),
            ],
            [
                helper.make_tensor_value_info("hang_goes_on_out", TensorProto.BOOL, []),
                helper.make_tensor_value_info("hang_carried_out", TensorProto.FLOAT, [1]),
            ],
        )
        most = node("Squeeze", [rounds], "hang_most_rounds")
        true = constant("hang_true", np.array(True))
        start = constant("hang_start", np.zeros(1, np.float32))
        return node("Loop", [most, true, start], "hang_output", body=body)

    def memory(feature: str) -> str:
        more = node(
            "Mul",
            [present("memory", feature), constant("memory_more", np.array([64 * MEGA], np.int64))],
            "memory_size",
        )
        return node("ConstantOfShape", [node("Add", [more, one], "memory_shape")], "memory_output")

    def fail(feature: str) -> str:
        return node(
            "Gather",
            [constant("fail_list", np.zeros(1, np.float32)), present("fail", feature)],
            "fail_output",
        )

    harms = [
        zero(kind.__name__, kind(feature))
        for kind, feature in zip((crash, hang, memory, fail), features, strict=True)
    ]
    output = graph.output[0].name
    for each in graph.node:
        each.output[:] = [f"{name}_sound" if name == output else name for name in each.output]
    node("Sum", harms, "poison")
    node("Add", [f"{output}_sound", "poison"], output)
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, target)


main(*sys.argv[1:])
