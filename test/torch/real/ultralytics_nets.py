"""Trains networks of Ultralytics for seconds on a few images, until they find what is in these."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from shapes import LABELS, POINTS, Picture, Shape
from ultralytics import RTDETR, YOLO
from ultralytics.cfg import get_cfg
from ultralytics.data.augment import LetterBox
from ultralytics.nn.tasks import yaml_model_load
from ultralytics.utils import YAML

SIZE = 160
# The masks that a network learns are a quarter as large.
_MASK = 4
_RATE = 0.003
_WARM = 10


@dataclass(frozen=True)
class Net:
    """A network: its configuration's name (`yolov8n-seg`), what it is for, and the steps of its training."""

    config: str
    task: str
    steps: int = 70


def tool(config: str) -> type:
    """The class that has such networks."""
    return RTDETR if "rtdetr" in config else YOLO


def train(net: Net, pictures: list[Picture], path: Path) -> None:
    """Trains a network and saves it as Ultralytics does."""
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)
    torch.set_num_threads(1)
    config = f"{net.config}.yaml"
    if "rtdetr" in config:
        config = _small_decoder(config, path.parent)
    yolo = tool(net.config)(config)
    points = {"data_kpt_shape": (len(POINTS), 3)} if net.task == "pose" else {}
    model = yolo._smart_load("model")(config, nc=len(LABELS), verbose=False, **points)
    model.args = get_cfg(overrides={"epochs": net.steps})
    model.names = dict(enumerate(LABELS))
    model.nc = len(LABELS)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            # A short training has to be enough for the running means.
            module.momentum = 0.1
    _steps(model.train(), _batch(net.task, pictures), net.steps)
    yolo.model = model.eval()
    model.args = {**vars(model.args), "task": net.task, "imgsz": SIZE, "data": None}
    yolo.ckpt = {"model": model, "train_args": model.args}
    yolo.save(path)


def _small_decoder(config: str, folder: Path) -> str:
    """The configuration of an RT-DETR whose decoder is small enough to be trained in seconds."""
    layers = yaml_model_load(config)
    *_, decoder = layers["head"]
    # Its numbers of labels, channels, queries, points, heads, layers and hidden channels.
    decoder[3] = ["nc", 64, 40, 4, 4, 2, 128]
    path = folder / config
    YAML.save(path, {key: value for key, value in layers.items() if key not in ("scale", "yaml_file")})
    return str(path)


def _steps(model: torch.nn.Module, batch: dict, steps: int) -> None:
    """Steps of AdamW on one batch, whose rate rises at first and falls in the last third."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=0)
    for step in range(steps):
        rate = _RATE * min(1, (step + 1) / _WARM, 3 * (steps - step) / steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss, _ = model(batch)
        optimizer.zero_grad()
        loss.sum().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimizer.step()
        update = getattr(getattr(model, "criterion", None), "update", None)
        if update is not None:
            update()


def _batch(task: str, pictures: list[Picture]) -> dict[str, torch.Tensor]:
    """What the losses of Ultralytics take: https://docs.ultralytics.com/reference/data/augment (`Format`)."""
    images, rows, shapes = [], [], []
    for picture in pictures:
        height, width = picture.pixels.shape[:2]
        images.append(LetterBox((SIZE, SIZE))(image=picture.pixels))
        scale = min(SIZE / width, SIZE / height)
        left, top = ((SIZE - side * scale) / 2 for side in (width, height))
        shapes.append([shape.moved(scale, left, top) for shape in picture.shapes])
        rows.extend((len(images) - 1, shape) for shape in shapes[-1])
    pixels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255
    if task == "classify":
        return {"img": pixels, "cls": torch.tensor([each[0].label for each in shapes])}
    batch = {
        "img": pixels,
        "batch_idx": torch.tensor([row for row, _ in rows]).float(),
        "cls": torch.tensor([[shape.label] for _, shape in rows]).float(),
        "bboxes": torch.tensor([_box(task, shape) for _, shape in rows]).float(),
    }
    if task == "pose":
        points = torch.tensor(np.stack([shape.points() / SIZE for _, shape in rows])).float()
        batch["keypoints"] = torch.cat([points, torch.full_like(points[..., :1], 2)], dim=2)
    if task == "segment":
        batch["masks"], batch["sem_masks"] = _masks(shapes)
    return batch


def _box(task: str, shape: Shape) -> list[float]:
    """Middle and sides in parts of the image, and the angle if the task has one."""
    if task == "obb":
        return [*(side / SIZE for side in (shape.x, shape.y, shape.width, shape.height)), shape.angle]
    left, top, right, bottom = (side / SIZE for side in shape.box())
    return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]


def _masks(shapes: list[list[Shape]]) -> tuple[torch.Tensor, torch.Tensor]:
    """For each image which of its shapes is where, from 1, and which label."""
    both = []
    for value in (lambda index, _: index + 1, lambda _, shape: shape.label):
        maps = []
        for each in shapes:
            image = Image.new("L", (SIZE // _MASK, SIZE // _MASK))
            for index, shape in enumerate(each):
                corners = [tuple(corner / _MASK) for corner in shape.outline]
                ImageDraw.Draw(image).polygon(corners, fill=value(index, shape))
            maps.append(np.asarray(image))
        both.append(torch.from_numpy(np.stack(maps)).float())
    return both[0], both[1]
