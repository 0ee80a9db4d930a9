"""Networks of transformers with a few layers, which are trained for seconds on a few images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import transformers as hf
from PIL import Image, ImageDraw
from shapes import LABELS, Picture

_NAMES = {"id2label": dict(enumerate(LABELS)), "label2id": {name: index for index, name in enumerate(LABELS)}}
_WIDTHS = [16, 32, 48, 64]
_FIXED = {"height": 160, "width": 160}
_EDGES = {"shortest_edge": 160, "longest_edge": 240}
_RATE = 0.001
_WARM = 10


@dataclass(frozen=True)
class Net:
    """A model and the processor that prepares its images and reads its answers."""

    model: Any
    processor: Any


def _resnet(kind: Any, first: int) -> Any:
    """A backbone that gives what its stages from the first to the fourth see."""
    sizes = {"embedding_size": 16, "hidden_sizes": _WIDTHS, "depths": [1, 1, 1, 1], "layer_type": "basic"}
    return kind(**sizes, out_features=[f"stage{stage}" for stage in range(first, 5)])


# Of DETR and its kin.
_SMALL = {
    "d_model": 64,
    "encoder_layers": 1,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 128,
    "decoder_ffn_dim": 128,
    "num_queries": 20,
    "dropout": 0.0,
    "use_timm_backbone": False,
    "use_pretrained_backbone": False,
    "backbone": None,
    **_NAMES,
}
# Of RT-DETR and its kin.
_REAL_TIME = {
    "encoder_in_channels": [32, 48, 64],
    "encoder_hidden_dim": 48,
    "d_model": 48,
    "encoder_ffn_dim": 96,
    "decoder_ffn_dim": 96,
    "decoder_in_channels": [48, 48, 48],
    "num_queries": 30,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "num_denoising": 0,
    "anchor_image_size": None,
    **_NAMES,
}


def _vit() -> dict[str, Any]:
    sizes = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128}
    return {**sizes, **_NAMES}


NETS: dict[str, Callable[[], Net]] = {
    "detr": lambda: Net(
        hf.DetrForObjectDetection(hf.DetrConfig(backbone_config=_resnet(hf.ResNetConfig, 4), **_SMALL)),
        hf.DetrImageProcessor(size=_EDGES),
    ),
    "deformable_detr": lambda: Net(
        hf.DeformableDetrForObjectDetection(
            hf.DeformableDetrConfig(
                backbone_config=_resnet(hf.ResNetConfig, 2), num_feature_levels=3, **_SMALL
            )
        ),
        hf.DeformableDetrImageProcessor(size=_FIXED),
    ),
    "rt_detr": lambda: Net(
        hf.RTDetrForObjectDetection(
            hf.RTDetrConfig(backbone_config=_resnet(hf.RTDetrResNetConfig, 2), **_REAL_TIME)
        ),
        hf.RTDetrImageProcessor(size=_FIXED),
    ),
    "rt_detr_v2": lambda: Net(
        hf.RTDetrV2ForObjectDetection(
            hf.RTDetrV2Config(backbone_config=_resnet(hf.RTDetrResNetConfig, 2), **_REAL_TIME)
        ),
        hf.RTDetrImageProcessor(size=_FIXED),
    ),
    "yolos": lambda: Net(
        hf.YolosForObjectDetection(
            hf.YolosConfig(image_size=[160, 160], patch_size=16, num_detection_tokens=20, **_vit())
        ),
        hf.YolosImageProcessor(size=_FIXED),
    ),
    "segformer": lambda: Net(
        hf.SegformerForSemanticSegmentation(
            hf.SegformerConfig(
                hidden_sizes=_WIDTHS,
                depths=[1, 1, 1, 1],
                decoder_hidden_size=32,
                num_attention_heads=[1, 2, 4, 8],
                id2label={0: "background", **{index + 1: name for index, name in enumerate(LABELS)}},
            )
        ),
        hf.SegformerImageProcessor(size=_FIXED),
    ),
    "vit": lambda: Net(
        hf.ViTForImageClassification(hf.ViTConfig(image_size=64, patch_size=8, **_vit())),
        hf.ViTImageProcessor(size={"height": 64, "width": 64}),
    ),
}


def train(net: Net, task: str, pictures: list[Picture], steps: int) -> None:
    """Trains a model on the images, whose normalisation layers stay as the first step sets them."""
    torch.manual_seed(0)
    images = [Image.fromarray(picture.pixels) for picture in pictures]
    inputs = dict(net.processor(images, return_tensors="pt"))
    labels = _labels(task, pictures)
    model = net.model.train()
    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        model(**inputs)
    for norm in norms:
        norm.eval()
    optimizer = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=0)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = _RATE * min(1, (step + 1) / _WARM, 3 * (steps - step) / steps)
        loss = model(**inputs, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.eval()


def _labels(task: str, pictures: list[Picture]) -> Any:
    """What the losses of transformers take."""
    if task == "classify":
        return torch.tensor([picture.shapes[0].label for picture in pictures])
    if task == "segment":
        return torch.from_numpy(np.stack([_map(picture) for picture in pictures])).long()
    labels = []
    for picture in pictures:
        height, width = picture.pixels.shape[:2]
        corners = torch.tensor([shape.box() for shape in picture.shapes]).float()
        corners /= torch.tensor([width, height, width, height])
        begin, end = corners.split(2, dim=1)
        boxes = torch.cat([(begin + end) / 2, end - begin], dim=1)
        classes = torch.tensor([shape.label for shape in picture.shapes])
        labels.append({"class_labels": classes, "boxes": boxes})
    return labels


def _map(picture: Picture) -> np.ndarray:
    """The label of each pixel of an image as the processor prepares it, 0 for none."""
    height, width = picture.pixels.shape[:2]
    scale = np.array([_FIXED["width"] / width, _FIXED["height"] / height])
    image = Image.new("L", (_FIXED["width"], _FIXED["height"]))
    for shape in picture.shapes:
        corners = [tuple(corner) for corner in shape.outline * scale]
        ImageDraw.Draw(image).polygon(corners, fill=shape.label + 1)
    return np.asarray(image)
