"""Random tensors of models of masks, and what the functions of their libraries make of them, as JSON lines.

A tensor is its sides and its numbers (float32, base64); `masks` are pixels packed to bits, row by row.
"""

import base64
import json
import sys

import numpy as np
import torch
from random_tensors import packed, uniform, whole
from torch.nn.functional import interpolate
from torchvision.models.detection.roi_heads import paste_masks_in_image
from transformers import SamImageProcessor, SegformerImageProcessor
from ultralytics.utils.ops import process_mask_native, scale_boxes

torch.manual_seed(2)
CASES = int(sys.argv[1])


def bits(masks):
    flat = masks.numpy().astype(bool).reshape(len(masks), -1)
    return [base64.b64encode(np.packbits(each).tobytes()).decode() for each in flat]


def emit(name, tensors, output, masks, meta, **more):
    case = {"name": name, "tensors": {key: packed(each) for key, each in tensors.items()}, "output": output}
    print(json.dumps({**case, "masks": bits(masks), "meta": meta, **more}))


def letterboxed(width, height, side, centered):
    """How an image of width x height lies in a square tensor."""
    scale = side / max(width, height)
    inner_width, inner_height = int(width * scale + 0.5), int(height * scale + 0.5)
    left = round((side - inner_width) / 2 - 0.1) if centered else 0
    top = round((side - inner_height) / 2 - 0.1) if centered else 0
    scales = {"scaleX": inner_width / width, "scaleY": inner_height / height}
    sides = {"width": width, "height": height, "tensorWidth": side, "tensorHeight": side}
    return {**sides, **scales, "left": left, "top": top}, (inner_height, inner_width)


def stretched(width, height, side):
    sides = {"width": width, "height": height, "tensorWidth": side, "tensorHeight": side}
    return {**sides, "scaleX": side / width, "scaleY": side / height, "left": 0, "top": 0}


def hills(count, width, height, cells):
    """Smooth logits: hills and valleys of a few cells."""
    coarse = 4 * torch.randn(1, count, max(height // cells, 2), max(width // cells, 2)) - 1
    return interpolate(coarse, (height, width), mode="bicubic")[0] + 0.3 * torch.randn(count, height, width)


SAM = SamImageProcessor()


def sam(logits, width, height):
    """As Segment Anything does: to the tensor, without its bars, to the original; above 0."""
    side = 4 * logits.shape[-1]
    meta, inner = letterboxed(width, height, side, centered=False)
    (masks,) = SAM.post_process_masks(
        [logits[None]], [(height, width)], [inner], pad_size={"height": side, "width": side}
    )
    scores = torch.linspace(1.01, 0.5, len(logits))[None]
    output = {"kind": "prompted", "activation": "sigmoid"}
    emit("sam", {"masks": logits[None], "scores": scores}, output, masks[0], meta)


def things():
    """The cases that showed the fault: small discs and thin lines in large images."""
    x, y = torch.meshgrid(torch.arange(256), torch.arange(256), indexing="xy")
    for width, height in ((1920, 1080), (4032, 3024)):
        for radius in (40, 8, 3):
            inside = radius - torch.hypot(x - 100.3, y - 60.7)
            steep = torch.where(inside > 0, (4 * inside).clamp(0, 6), (15 * inside).clamp(-20, 0))
            sam(torch.stack([(5 * inside).clamp(-20, 20), steep]), width, height)
        inside = 1 - (y - 60.4 - 0.3 * x).abs()
        sam(torch.where(inside > 0, 3 * inside, 12 * inside).clamp(-15, 5)[None], width, height)


def prototypes():
    """As Ultralytics does with `retina_masks`."""
    side = 32 * whole(2, 6)
    width, height = whole(20, 400), whole(20, 400)
    meta, (inner_height, inner_width) = letterboxed(width, height, side, centered=True)
    count, things = whole(2, 8), whole(1, 5)
    planes = hills(count, side // 4, side // 4, 6)
    coefficients = torch.randn(things, count)
    middles = torch.tensor([meta["left"], meta["top"]]) + torch.rand(things, 2) * torch.tensor(
        [inner_width, inner_height]
    )
    sides = uniform(0.1, 0.5, things, 2) * side
    boxes = torch.cat([middles - sides / 2, middles + sides / 2], dim=1)
    scores = torch.linspace(0.9, 0.5, things)[:, None]
    rows = torch.cat([boxes, scores, torch.zeros(things, 1), coefficients], dim=1)[None]
    there = scale_boxes((side, side), boxes.clone(), (height, width))
    masks = process_mask_native(planes, coefficients, there, (height, width))
    output = {"kind": "detections", "labels": ["thing"]}
    emit("ultralytics", {"tensor": rows, "prototypes": planes[None]}, output, masks, meta)


def semantic(name, processor):
    """As transformers does: the logits are scaled, then the likeliest label is taken."""
    labels, side = whole(2, 8), whole(4, 40)
    width, height = whole(10, 300), whole(10, 300)
    logits = hills(labels, side, side, 5)[None]
    (numbers,) = processor.post_process_semantic_segmentation(
        type("Outputs", (), {"logits": logits}), target_sizes=[(height, width)]
    )
    shares = interpolate(logits, (height, width), mode="bilinear", align_corners=False).softmax(1)[0]
    masks = torch.stack([numbers == label for label in range(labels)])
    means = [float(shares[label][mask].mean()) if mask.any() else None for label, mask in enumerate(masks)]
    output = {
        "kind": "segmentation",
        "labels": [f"{each}" for each in range(labels)],
        "activation": "softmax",
    }
    emit(name, {"tensor": logits}, output, masks, stretched(width, height, 4 * side), means=means)


def independent():
    """Each label by itself: the logits are scaled, and a pixel is in above a threshold."""
    labels, side, pixel = whole(1, 4), whole(4, 40), float(uniform(0.2, 0.8, ()))
    width, height = whole(10, 300), whole(10, 300)
    logits = hills(labels, side, side, 5)[None]
    shares = interpolate(logits, (height, width), mode="bilinear", align_corners=False).sigmoid()[0]
    masks = shares > pixel
    means = [
        float(share[mask].mean()) if mask.any() else None for share, mask in zip(shares, masks, strict=True)
    ]
    output = {
        "kind": "segmentation",
        "labels": [f"{each}" for each in range(labels)],
        "activation": "sigmoid",
    }
    output["independent"] = True
    meta = stretched(width, height, 4 * side)
    emit("independent", {"tensor": logits}, output, masks, meta, means=means, pixel=pixel)


def mask_rcnn():
    """As torchvision pastes masks of boxes; above 0.5, as its documentation shows."""
    things, width, height = whole(1, 5), whole(30, 400), whole(30, 400)
    limits = torch.tensor([width, height])
    begin = torch.rand(things, 2) * limits * 0.8
    end = torch.minimum(begin + uniform(0.05, 0.6, things, 2) * limits, limits)
    boxes = torch.cat([begin, end], dim=1)
    masks = hills(things, 28, 28, 7).sigmoid()[:, None]
    pasted = paste_masks_in_image(masks, boxes, (height, width))[:, 0] > 0.5
    scores = torch.linspace(0.9, 0.5, things)
    sides = {"width": width, "height": height, "tensorWidth": width, "tensorHeight": height}
    meta = {**sides, "scaleX": 1, "scaleY": 1, "left": 0, "top": 0}
    output = {"kind": "masks", "labels": ["thing"]}
    emit("torchvision", {"masks": masks, "scores": scores, "boxes": boxes}, output, pasted, meta)


things()
for _ in range(CASES):
    sam(hills(whole(1, 3), 64, 64, 8), whole(20, 500), whole(20, 500))
    prototypes()
    semantic("segformer", SegformerImageProcessor())
    independent()
    mask_rcnn()
