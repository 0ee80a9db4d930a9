"""Random models that find the pixels of things."""

from graph import Tensor
from plans import NAMES, Plan, declare, dtype_of, general, label_numbers, pick, relabel, renumber, reshape
from things import detector, logits, scores_of

# A pixel of a mask that is in or out scores so much.
SPREAD = 4.0


def finder(random) -> Plan:
    plan = detector(random, "pixels")
    plan.output.pop("unit", None)
    plan.overlap = plan.most = None
    for option in ("iou_threshold", "top_k", "model_score_threshold"):
        plan.control.pop(option, None)
    plan.threshold = 0.5
    plan.tag = plan.control["control"] = "BitmaskLabels"
    # A larger image has pixels between the cells, and how these are mixed is tested with the masks.
    plan.input.times = 1
    return plan


def segmentation(random) -> Plan:
    plan = finder(random)
    width, height = plan.input.size
    count = int(random.integers(1, 5))
    plan.output |= {"kind": "segmentation", "tensor": "y", "labels": NAMES[:count]}
    if count > 1 and random.random() < 0.4:
        plan.output["background"] = NAMES[int(random.integers(count))]
    if count > 1 and random.random() < 0.3:
        plan.tensors = [label_numbers("y", (height, width), count, random)]
        plan.tensors[0].ones = pick(random, (), (1,))
        plan.faults = general("y")
        plan.faults["a label beyond the last"] = renumber(
            "y", r"the label \d+ of", scale=0.9, offset=float(count)
        )
        plan.faults["half a label"] = renumber(
            "y", r"the label 0.5 of", scale=0.0, offset=0.5, whole=False, dtype="float32"
        )
        return plan
    independent = count == 1 or random.random() < 0.4
    if independent and count > 1:
        plan.output["independent"] = True
    activation = (
        pick(random, "none", "sigmoid") if independent else pick(random, "none", "softmax", "sigmoid")
    )
    last = random.random() < 0.4
    main = Tensor(
        "y", (height, width, count) if last else (count, height, width), spread=SPREAD, dtype=dtype_of(random)
    )
    if last:
        plan.output["transposed"] = True
    if activation != "none":
        plan.output["activation"], main.raw = activation, True
    plan.tensors = [main]
    plan.faults = general("y")
    plan.faults["labels of other pixels"] = relabel(
        "labels a pixel|scores of pixels|numbers of labels|the label [\\d.]+ of", 1
    )
    if independent:
        plan.faults["softmax of what is independent"] = declare("softmax", activation="softmax")
        plan.faults["logits"] = lambda plan: (
            plan.output.pop("activation", None),
            renumber("y", "0 to 1", scale=1.0, offset=1.5)(plan),
        )[1]
    if count > 1:
        plan.faults["a background that is no label"] = declare("background", background="sky")
    return plan


def masks(random) -> Plan:
    plan = finder(random)
    width, height = plan.input.size
    n, count = int(random.integers(2, 5)), int(random.integers(1, 4))
    main = Tensor("masks", (n, height, width), spread=SPREAD, dtype=dtype_of(random))
    main.ones = pick(random, (), (2,))
    if random.random() < 0.5:
        plan.output["activation"], main.raw = "sigmoid", True
    plan.output |= {
        "kind": "masks",
        "labels": NAMES[:count],
        "tensors": {"masks": "masks", "scores": "scores"},
    }
    plan.tensors = [main]
    plan.faults = general("masks")
    if random.random() < 0.5:
        plan.tensors += [
            Tensor("scores", (n,), dtype=dtype_of(random)),
            label_numbers("classes", (n,), count, random),
        ]
        plan.output["tensors"]["labels"] = "classes"
        plan.faults["labels of fewer things"] = reshape("classes", 0, -1, "labels of")
        plan.faults["a label beyond the last"] = renumber(
            "classes", r"the label \d+ of", scale=0.9, offset=float(count)
        )
    else:
        plan.tensors.append(scores_of(random, n, count, plan, "score_activation"))
        plan.faults["a label more"] = relabel("scores of", 1)
    plan.faults["scores of one more thing"] = reshape("scores", 0, 1, "masks of|labels of|scores of")
    plan.faults["logits"] = logits("scores")
    return plan
