"""Random tensors of detectors, and what the functions of their libraries make of them, a line of JSON each.

A tensor is its sides and its numbers (float32, base64).
"""

import json
import sys
from types import SimpleNamespace

import numpy as np
import torch
import torchvision  # noqa: F401  Ultralytics uses its NMS only where it was imported
from random_tensors import packed, uniform, whole
from transformers import (
    DeformableDetrImageProcessor,
    DetrImageProcessor,
    RTDetrImageProcessor,
    YolosImageProcessor,
)
from ultralytics.utils.nms import non_max_suppression
from ultralytics.utils.ops import regularize_rboxes, xywhr2xyxyxyxy

torch.manual_seed(1)
CASES = int(sys.argv[1])


def emit(name, tensors, output, found, **more):
    case = {"name": name, "tensors": {key: packed(each) for key, each in tensors.items()}, "output": output}
    print(json.dumps({**case, "found": found, **more}))


def listed(boxes, scores, labels):
    rows = zip(boxes.tolist(), scores.tolist(), labels.tolist(), strict=True)
    return [{"box": box, "score": score, "label": int(label)} for box, score, label in rows]


def transformers(name, processor, labels, output, **options):
    queries = whole(3, 40)
    logits = 3 * torch.randn(1, queries, len(labels))
    boxes = torch.cat([uniform(0.2, 0.8, 1, queries, 2), uniform(0.01, 0.4, 1, queries, 2)], dim=-1)
    threshold = float(uniform(0.05, 0.6, ()))
    height, width = whole(20, 900), whole(20, 900)
    outputs = SimpleNamespace(logits=logits, pred_boxes=boxes)
    (found,) = processor.post_process_object_detection(
        outputs, threshold=threshold, target_sizes=[(height, width)], **options
    )
    emit(
        name,
        {"boxes": boxes, "scores": logits},
        {"kind": "boxes", "labels": labels, "format": "cxcywh", "unit": "relative", **output},
        listed(found["boxes"], found["scores"], found["labels"]),
        threshold=threshold,
        most=options.get("top_k", queries),
        size=[width, height],
    )


def yolo(name, rotated):
    count, classes = whole(20, 250), whole(1, 4)
    # A few places with many boxes each, so that there is something to suppress.
    places = uniform(60, 580, whole(2, 12), 4)
    places[:, 2:] = uniform(10, 150, len(places), 2)
    boxes = places[torch.randint(len(places), (count,))]
    boxes = boxes + boxes[:, [2, 3, 2, 3]] * uniform(-0.25, 0.25, count, 4)
    scores = torch.rand(count, classes) ** 2
    extra = [uniform(-0.8, 2.4, count, 1)] if rotated else []
    head = torch.cat([boxes, scores, *extra], dim=1).T[None]
    threshold, overlap = float(uniform(0.05, 0.5, ())), float(uniform(0.2, 0.8, ()))
    multi = bool(torch.rand(()) < 0.3)
    (found,) = non_max_suppression(
        head.clone(), threshold, overlap, multi_label=multi, rotated=rotated, nc=classes, max_time_img=60
    )
    if rotated:
        # What is drawn is the same rectangle, whichever of its sides is called the first.
        turned = regularize_rboxes(torch.cat([found[:, :4], found[:, -1:]], dim=-1))
        boxes = xywhr2xyxyxyxy(turned).flatten(1)
    else:
        boxes = found[:, :4]
    output = {"kind": "yolo", "labels": [f"{each}" for each in range(classes)], "multi_label": multi}
    emit(
        name,
        {"tensor": head},
        {**output, "angle": rotated},
        listed(boxes, found[:, 4], found[:, 5]),
        threshold=threshold,
        overlap=overlap,
        most=300,
        size=[640, 640],
    )


def cells(width, height, strides, rounded):
    """The cells of the feature maps, row by row: their columns, rows and strides."""
    for stride in strides:
        for row in range(rounded(height / stride)):
            for column in range(rounded(width / stride)):
                yield column, row, stride


def yolox():
    """As the demo of YOLOX decodes its head (https://github.com/Megvii-BaseDetection/YOLOX, demo_utils)."""
    width, height, strides = 32 * whole(1, 5), 32 * whole(1, 5), [8, 16, 32]
    grid = torch.tensor(list(cells(width, height, strides, int)), dtype=torch.float32)
    head = torch.cat([uniform(-1, 2, len(grid), 4), torch.rand(len(grid), 4)], dim=1)
    middles = (head[:, :2] + grid[:, :2]) * grid[:, 2:]
    sides = head[:, 2:4].exp() * grid[:, 2:]
    scores, labels = (head[:, 4:5] * head[:, 5:]).max(1)
    boxes = torch.cat([middles - sides / 2, middles + sides / 2], dim=1)
    output = {"kind": "yolo", "labels": ["a", "b", "c"], "objectness": True}
    output["grid"] = {"kind": "yolox", "strides": strides}
    keep = scores > 0.3
    found = listed(boxes[keep], scores[keep], labels[keep])
    emit("yolox", {"tensor": head[None]}, output, found, threshold=0.3, most=len(grid), size=[width, height])


def nanodet():
    """As NanoDet-Plus decodes its head: https://github.com/RangiLyu/nanodet (nanodet_plus_head.py)."""
    width, height, strides, bins = whole(60, 200), whole(60, 200), [8, 16, 32, 64], 8
    grid = torch.tensor(
        list(cells(width, height, strides, lambda each: int(np.ceil(each)))), dtype=torch.float32
    )
    head = torch.cat([torch.rand(len(grid), 3), 2 * torch.randn(len(grid), 4 * bins)], dim=1)
    bin_shares = head[:, 3:].view(-1, 4, bins).softmax(-1)
    distances = (bin_shares * torch.linspace(0, bins - 1, bins)).sum(-1) * grid[:, 2:]
    middles = grid[:, :2] * grid[:, 2:]
    limits = torch.tensor([width, height])
    boxes = torch.cat(
        [(middles - distances[:, :2]).clamp(min=0), torch.minimum(middles + distances[:, 2:], limits)], dim=1
    )
    scores, labels = head[:, :3].max(1)
    output = {"kind": "yolo", "labels": ["a", "b", "c"], "transposed": True}
    output["grid"] = {"kind": "nanodet", "strides": strides, "reg_max": bins - 1}
    # Cells beyond the border have no box at all.
    keep = (scores > 0.3) & (boxes[:, :2] <= boxes[:, 2:]).all(1)
    found = listed(boxes[keep], scores[keep], labels[keep])
    emit(
        "nanodet", {"tensor": head[None]}, output, found, threshold=0.3, most=len(grid), size=[width, height]
    )


NAMES = ["cat", "N/A", "dog", "N/A", "bird"]
DETR = {"activation": "softmax", "background": "none"}
SIGMOID = {"activation": "sigmoid", "multi_label": True}
for _ in range(CASES):
    transformers("detr", DetrImageProcessor(), [*NAMES, "none"], DETR)
    transformers("yolos", YolosImageProcessor(), [*NAMES, "none"], DETR)
    transformers("rt_detr", RTDetrImageProcessor(), NAMES, SIGMOID)
    transformers("deformable_detr", DeformableDetrImageProcessor(), NAMES, SIGMOID, top_k=whole(1, 60))
    yolo("yolo", rotated=False)
    yolo("yolo obb", rotated=True)
    yolox()
    nanodet()
