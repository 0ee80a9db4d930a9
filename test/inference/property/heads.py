"""Random raw heads, and models of key points."""

import numpy as np
from graph import Tensor
from plans import NAMES, POINTS, Plan, declare, dtype_of, general, pick, relabel, reshape
from things import WORDS, columns, detector, logits, point_columns


def yolo(random) -> Plan:
    plan = detector(random, "pixels")
    plan.output.pop("unit", None)
    plan.overlap = plan.control.get("iou_threshold", 0.7)
    count = int(random.integers(1, 5))
    plan.output |= {"kind": "yolo", "tensor": "head", "labels": NAMES[:count]}
    if random.random() < 0.4:
        plan.output["objectness"] = True
    if random.random() < 0.4:
        plan.output["activation"] = "sigmoid"
    if random.random() < 0.3:
        plan.output["multi_label"] = True
    words = [*WORDS["cxcywh"], *(["score"] if plan.output.get("objectness") else []), "scores"]
    made = columns(random, plan, "cxcywh", "pixels", words, count)
    if random.random() < 0.35:
        made += point_columns(random, plan, "pixels")
    n = int(random.integers(3, 7))
    while n == len(made):
        n += 1
    scale, offset, whole, raw = (np.array(each) for each in zip(*made, strict=False))
    plan.transposed = random.random() < 0.5
    order = None if plan.transposed else (0, 2, 1)
    plan.tensors = [
        Tensor("head", (n, len(made)), scale, offset, whole, raw, order=order, dtype=dtype_of(random))
    ]
    if random.random() < 0.3:
        plan.output["transposed"] = plan.transposed
    plan.faults = general("head") | {
        "a label more": relabel("channels", 1 if n != len(made) + 1 else 2),
        "points that are not there": declare("channels", points=["a", "b", "c", "d"], point_scores=True),
        "the other axis": lambda plan: (plan.output.update(transposed=not plan.transposed), "channels")[1],
        "logits": lambda plan: (
            plan.output.pop("activation", None),
            plan.output.pop("objectness", None),
            renumber_head(plan, len(made)),
        )[-1],
        "a grid of other cells": declare("candidates, where", grid={"kind": "yolox", "strides": [1]}),
    }
    if plan.output.get("objectness") or "points" in plan.output:
        plan.faults.pop("logits")
    if "points" in plan.output:
        plan.faults.pop("a grid of other cells")
        plan.faults.pop("points that are not there")
    return plan


def renumber_head(plan: Plan, width: int) -> str:
    tensor = plan.tensor("head")
    tensor.raw = False
    tensor.offset = tensor.offset + np.where(np.arange(width) >= 4, 1.5, 0)
    return "0 to 1"


def keypoints(random) -> Plan:
    unit = pick(random, "pixels", "relative")
    plan = detector(random, unit)
    plan.overlap = plan.most = None
    for option in ("iou_threshold", "top_k"):
        plan.control.pop(option, None)
    plan.tag = plan.control["control"] = "KeyPointLabels"
    names = POINTS[: int(random.integers(1, 4))]
    size = np.ones(2) if unit == "relative" else np.array(plan.input.size)
    numbers = int(random.integers(2, 4))
    scale, offset = [*(size * 0.9), 1][:numbers], [*(size * 0.05), 0][:numbers]
    several = random.random() < 0.6
    n = int(random.integers(2, 5))
    shape = (n, len(names), numbers) if several else (len(names), numbers)
    main = Tensor("points", shape, np.array(scale), np.array(offset), dtype=dtype_of(random))
    plan.tensors = [main]
    plan.output |= {"kind": "keypoints", "labels": names, "tensors": {"points": "points"}}
    if several:
        plan.tensors.append(Tensor("scores", (n,), dtype=dtype_of(random)))
        plan.output["tensors"]["scores"] = "scores"
    if random.random() < 0.4:
        plan.output["activation"] = "sigmoid"
        for tensor in plan.tensors[1:]:
            tensor.raw = True
        if numbers == 3:
            main.raw = np.array([False, False, True])
    plan.faults = general("points") | {
        "a point more": relabel(r"and not \[rows", 1),
        "four numbers a point": lambda plan: (
            main.__dict__.update(shape=(*shape[:-1], 4), scale=1.0, offset=0.0, raw=False),
            "2 or 3",
        )[1],
    }
    if several:
        plan.faults["scores of one more object"] = reshape("scores", 0, 1, "scores of objects")
        plan.faults["logits"] = logits("scores")
    return plan


def heatmaps(random) -> Plan:
    plan = detector(random, "pixels")
    plan.output.pop("unit", None)
    plan.overlap = plan.most = None
    for option in ("iou_threshold", "top_k"):
        plan.control.pop(option, None)
    plan.tag = plan.control["control"] = "KeyPointLabels"
    names = POINTS[: int(random.integers(1, 4))]
    shape = (len(names), int(random.integers(3, 7)), int(random.integers(3, 7)))
    raw = random.random() < 0.4
    if raw:
        plan.output["activation"] = "sigmoid"
    plan.tensors = [Tensor("maps", shape, raw=raw, dtype=dtype_of(random))]
    plan.output |= {"kind": "heatmaps", "tensor": "maps", "labels": names}
    plan.faults = general("maps") | {"a point more": relabel("heat maps of", 1)}
    return plan
