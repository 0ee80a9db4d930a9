"""Random models: an input, outputs and what is declared of them, right or with one thing wrong."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from graph import Tensor

import inputs

NAMES = ["cat", "dog", "bird", "fish", "horse"]
POINTS = ["head", "tail", "paw"]


@dataclass
class Plan:
    """A model, and how it is served."""

    input: inputs.Input
    tensors: list
    # The entry of version.json and that of model.json, without names.
    output: dict
    control: dict
    tag: str
    # How many rows the graph takes, and what it does with several; see `graph.only_first`.
    batching: str = "any"
    # What detections are shown, as the control has it.
    threshold: float = 0.5
    overlap: float | None = None
    most: int | None = None
    # What version.json does not say where it is the default.
    words: tuple = ("left", "top", "right", "bottom", "score", "class")
    transposed: bool = False
    # What is wrong, and a pattern of what is told of it; with `sometimes` only some inputs show it.
    fault: str | None = None
    says: str = ""
    sometimes: bool = False
    # By their names, what can go wrong with this model: each changes the plan and returns the pattern.
    faults: dict = field(default_factory=dict)

    def tensor(self, name: str) -> Tensor:
        return next(each for each in self.tensors if each.name == name)


Fault = Callable[[Plan], str]


def pick(random, *options):
    return options[random.integers(len(options))]


def dtype_of(random) -> str:
    return pick(random, "float32", "float32", "float32", "float64", "float16")


def spoil_tensor(name: str, fault: str, says: str) -> Fault:
    def spoil(plan: Plan) -> str:
        plan.tensor(name).fault = fault
        plan.sometimes = fault == "nan for some"
        return says

    return spoil


def spoil_input(fault: str, says: str) -> Fault:
    def spoil(plan: Plan) -> str:
        plan.input.fault = fault
        return says

    return spoil


def declare(says: str, **options) -> Fault:
    def spoil(plan: Plan) -> str:
        plan.output.update(options)
        return says

    return spoil


def relabel(says: str, change: int, key: str = "labels") -> Fault:
    """Declares labels more or fewer than there are."""

    def spoil(plan: Plan) -> str:
        names = list(plan.output[key])
        plan.output[key] = names + ["one", "two"][:change] if change > 0 else names[:change]
        return says

    return spoil


def reshape(name: str, axis: int, change: int, says: str) -> Fault:
    """Makes an axis of a tensor longer or shorter."""

    def spoil(plan: Plan) -> str:
        tensor = plan.tensor(name)
        before = tensor.shape
        tensor.shape = tuple(side + change if at == axis else side for at, side in enumerate(before))
        for key in ("scale", "offset", "whole", "raw"):
            full = np.broadcast_to(np.asarray(getattr(tensor, key)), before)
            setattr(tensor, key, np.take(full, range(tensor.shape[axis]), axis, mode="clip"))
        return says

    return spoil


def renumber(name: str, says: str, **changes) -> Fault:
    """Gives a tensor other numbers: `scale` and `offset` of all of them."""

    def spoil(plan: Plan) -> str:
        tensor = plan.tensor(name)
        tensor.softmax, tensor.raw = False, False
        for key, value in changes.items():
            setattr(tensor, key, value)
        return says

    return spoil


def general(name: str) -> dict:
    """What can go wrong with any model, `name` being its main tensor."""

    def absent(plan: Plan) -> str:
        own = plan.output
        if own.get("tensor") == name:
            own["tensor"] = "nothing"
        else:
            own["tensors"] = {
                key: "nothing" if each == name else each for key, each in own["tensors"].items()
            }
        return "has no output nothing"

    return {
        "an output that is not there": absent,
        "a map": spoil_tensor(name, "map", "no tensor"),
        "NaN": spoil_tensor(name, "nan", r"NaN|no number|the label -\d+ of"),
        "NaN for some": spoil_tensor(name, "nan for some", r"NaN|no number|the label -\d+ of"),
        "more rows than images": spoil_tensor(name, "more rows", r"\[\d"),
        "a further axis": spoil_tensor(name, "another axis", r"\[[\d, ]+5\]|2 or 3"),
        "a single number": spoil_tensor(name, "no axis", r"\[\]"),
        "an input of another name": spoil_input("another name", "'my_"),
        "an input of another size": spoil_input("another size", r"takes \["),
        "an input of another rank": spoil_input("another rank", r"takes \["),
        "an input of another type": spoil_input("another type", "takes (int8|string)"),
        "one more input": spoil_input("one more", "'temperature'"),
    }


def classes(random) -> Plan:
    """One or several labels of a whole task, or a number."""
    given = pick(random, inputs.image, inputs.tokens, inputs.text)(random)
    count = int(random.integers(1, 6))
    labels = NAMES[:count]
    if count > 3 and random.random() < 0.3:
        labels = [*labels[:-1], labels[0]]
    kind = pick(random, "probabilities", "probabilities", "probabilities", "scores")
    rule = pick(random, "argmax", "argmax", "threshold", "label") if count > 1 else "threshold"
    activation = pick(random, "none", "softmax", "sigmoid") if kind == "probabilities" else "none"
    if (rule == "threshold" and activation == "softmax") or (count == 1 and activation == "softmax"):
        activation = "sigmoid"
    columns = (
        1 if count == 2 and rule == "argmax" and activation != "softmax" and random.random() < 0.5 else count
    )
    main = Tensor("y", (columns,), dtype=dtype_of(random))
    if kind == "scores" or activation != "none":
        main.raw = True
    elif random.random() < 0.4 and columns > 1:
        main.softmax = True
    output = {"kind": kind, "tensor": "y", "labels": labels}
    if activation != "none":
        output["activation"] = activation
    tensors = [main]
    if rule == "threshold":
        output["decision"] = {"rule": rule, "threshold": 0.4 if kind == "probabilities" else -0.25}
    elif rule == "label":
        output["decision"] = {"rule": rule, "tensor": "label"}
        tensors.append(label_numbers("label", (), count, random))
    elif random.random() < 0.3:
        output["decision"] = {"rule": rule}
    ones = (
        pick(random, "none", "none", "behind", "between", "no axis")
        if columns == 1
        else pick(random, "none", "none", "behind", "between")
    )
    main.ones = {"behind": (2,), "between": (1,)}.get(ones, ())
    if ones == "no axis":
        main.shape = ()
    control = {"control": "Choices", "choice": "multiple" if rule == "threshold" else "single"}
    plan = Plan(given, tensors, output, control, "Choices")
    plan.faults = general("y")
    plan.faults["texts"] = spoil_tensor("y", "text", "texts")
    shape = r"\[[\d, ]*\], and not"
    if columns == count:
        plan.faults["a label more"] = relabel(shape, 1) if count > 1 else relabel(shape, 2)
    if columns == count > 2:
        plan.faults["a label fewer"] = relabel(shape, -1)
    if kind == "probabilities":
        plan.faults["logits"] = lambda plan: (
            plan.output.pop("activation", None),
            renumber("y", "0 to 1", scale=1.0, offset=1.5)(plan),
        )[1]
        plan.faults["negative logits"] = lambda plan: (
            plan.output.pop("activation", None),
            renumber("y", "0 to 1", scale=1.0, offset=-2.0)(plan),
        )[1]

        def sums(plan: Plan) -> str:
            plan.output.pop("activation", None)
            plan.sometimes = True
            return renumber("y", "0 to 1", scale=1.3)(plan)

        plan.faults["sums beyond 1 for some"] = sums
    if rule == "label":
        plan.faults["a label beyond the last"] = renumber("label", f"class of {count}", offset=float(count))
        plan.faults["half a label"] = renumber(
            "label", f"class of {count}", scale=0.0, offset=0.5, whole=False, dtype="float32"
        )
        plan.faults["labels as texts"] = spoil_tensor("label", "text", "texts")
        plan.faults["many labels of a row"] = lambda plan: (
            setattr(plan.tensor("label"), "shape", (2,)),
            "one number a row",
        )[1]

        def beyond(plan: Plan) -> str:
            plan.sometimes = True
            return renumber("label", f"class of {count}", scale=count * 1.999)(plan)

        plan.faults["a label beyond the last for some"] = beyond
    if columns == 1 and kind == "probabilities":
        plan.faults["softmax of one column"] = declare("softmax always makes 1", activation="softmax")
    if columns == 1 and count == 2:
        plan.faults["any of two labels from one column"] = lambda plan: (
            plan.output.update(decision={"rule": "threshold", "threshold": 0.5}),
            plan.control.update(choice="multiple"),
            "declare one label",
        )[-1]
    return plan


def label_numbers(name: str, shape: tuple, count: int, random) -> Tensor:
    """Numbers of labels."""
    own = pick(random, "int64", "int64", "int32", "float32")
    return Tensor(name, shape, scale=count * 0.999, whole=True, dtype=own)


def value(random) -> Plan:
    given = pick(random, inputs.image, inputs.tokens, inputs.text)(random)
    main = Tensor("y", pick(random, (), (1,)), raw=True, dtype=dtype_of(random))
    main.ones = pick(random, (), (), (1,))
    plan = Plan(given, [main], {"kind": "value", "tensor": "y"}, {"control": "Number"}, "Number")
    plan.faults = general("y")
    plan.faults["several values"] = lambda plan: (
        setattr(plan.tensor("y"), "shape", (3,)),
        "one value a row",
    )[1]
    plan.faults["texts"] = spoil_tensor("y", "text", "texts")
    return plan
