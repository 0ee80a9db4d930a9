"""Networks of torchvision, smaller than they come, which are trained for seconds on a few images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from shapes import LABELS, Picture
from torch import nn
from torchvision import models
from torchvision.models import detection
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

# The first label of torchvision's detectors is what is no thing.
_CLASSES = len(LABELS) + 1
_UNTRAINED = {"weights": None, "weights_backbone": None, "num_classes": _CLASSES}
_SIZES = {"min_size": 160, "max_size": 320}
_PROPOSALS = {
    "rpn_pre_nms_top_n_train": 100,
    "rpn_post_nms_top_n_train": 40,
    "rpn_pre_nms_top_n_test": 100,
    "rpn_post_nms_top_n_test": 40,
    "box_batch_size_per_image": 32,
}
# One for each of four maps, since the largest one of five takes most of the time.
_ANCHORS = AnchorGenerator(((16,), (32,), (64,), (128,)), ((0.5, 1.0, 2.0),) * 4)
_RATE = 0.001
_WARM = 10


def _resnet(layers: list[int], extra: nn.Module | None = None) -> nn.Module:
    return resnet_fpn_backbone(
        backbone_name="resnet18",
        weights=None,
        norm_layer=nn.BatchNorm2d,
        trainable_layers=5,
        returned_layers=layers,
        extra_blocks=extra,
    )


NETS: dict[str, Callable[[], nn.Module]] = {
    "fasterrcnn_mobilenet_v3_large_320_fpn": lambda: detection.fasterrcnn_mobilenet_v3_large_320_fpn(
        **_UNTRAINED, **_SIZES, **_PROPOSALS, trainable_backbone_layers=6
    ),
    "ssdlite320_mobilenet_v3_large": lambda: detection.ssdlite320_mobilenet_v3_large(
        **_UNTRAINED, trainable_backbone_layers=6
    ),
    "retinanet_resnet18_fpn": lambda: detection.RetinaNet(
        _resnet([2, 3, 4], LastLevelP6P7(256, 256)), _CLASSES, **_SIZES
    ),
    "maskrcnn_resnet18_fpn": lambda: detection.MaskRCNN(
        _resnet([2, 3, 4]), _CLASSES, **_SIZES, **_PROPOSALS, rpn_anchor_generator=_ANCHORS
    ),
    "mobilenet_v3_small": lambda: models.mobilenet_v3_small(weights=None, num_classes=len(LABELS)),
}


def train(net: nn.Module, task: str, images: list[torch.Tensor], pictures: list[Picture], steps: int) -> None:
    """Trains a network on images, [3, height, width] each.

    Its normalisation layers stay as the first step sets them: so few images have other means in each step.
    """
    torch.manual_seed(0)
    norms = [module for module in net.train().modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    loss = _classified(net, images, pictures) if task == "classify" else _detected(net, images, pictures)
    with torch.no_grad():
        loss()
    for norm in norms:
        norm.eval()
    optimizer = torch.optim.AdamW(net.parameters(), lr=_RATE, weight_decay=0)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = _RATE * min(1, (step + 1) / _WARM, 3 * (steps - step) / steps)
        optimizer.zero_grad()
        loss().backward()
        nn.utils.clip_grad_norm_(net.parameters(), 10.0)
        optimizer.step()


def _detected(
    net: nn.Module, images: list[torch.Tensor], pictures: list[Picture]
) -> Callable[[], torch.Tensor]:
    targets = [_target(picture) for picture in pictures]
    return lambda: sum(net(images, targets).values())


def _classified(
    net: nn.Module, images: list[torch.Tensor], pictures: list[Picture]
) -> Callable[[], torch.Tensor]:
    batch, labels = torch.stack(images), torch.tensor([picture.shapes[0].label for picture in pictures])
    return lambda: nn.functional.cross_entropy(net(batch), labels)


def _target(picture: Picture) -> dict[str, Any]:
    """What the losses of torchvision's detectors take."""
    height, width = picture.pixels.shape[:2]
    masks = []
    for shape in picture.shapes:
        mask = Image.new("L", (width, height))
        ImageDraw.Draw(mask).polygon([tuple(corner) for corner in shape.outline], fill=1)
        masks.append(np.asarray(mask))
    return {
        "boxes": torch.tensor([shape.box() for shape in picture.shapes]).float(),
        "labels": torch.tensor([shape.label + 1 for shape in picture.shapes]),
        "masks": torch.from_numpy(np.stack(masks)),
    }
