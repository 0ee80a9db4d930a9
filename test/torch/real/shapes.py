"""Draws what the detectors of the tests find: discs, squares and triangles, stretched and turned."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

LABELS = ["disc", "square", "triangle"]
# The ends of a shape: where it begins and, half a turn further, where it ends.
POINTS = ["head", "tail"]
_COLOURS = [(220, 40, 40), (40, 60, 220), (240, 220, 40)]
_CORNERS = [24, 4, 3]
# Places that are tried before the shapes are laid out anew.
_TRIES = 100
# The short side of a shape, in parts of the long one.
_FLAT = 0.6


@dataclass(frozen=True)
class Shape:
    """A shape in an image: its label, middle, long and short side, angle (radians, clockwise) and outline."""

    label: int
    x: float
    y: float
    width: float
    height: float
    angle: float
    outline: np.ndarray  # [corners, 2], pixels

    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of what is drawn."""
        return (*self.outline.min(axis=0), *self.outline.max(axis=0))

    def points(self) -> np.ndarray:
        """The two ends of the long axis, [2, 2]."""
        axis = np.array([math.cos(self.angle), math.sin(self.angle)]) * self.width / 2
        middle = np.array([self.x, self.y])
        return np.stack([middle - axis, middle + axis])

    def moved(self, scale: float, left: float, top: float) -> Shape:
        """The shape in an image that was scaled and then moved."""
        outline = self.outline * scale + np.array([left, top])
        x, y = self.x * scale + left, self.y * scale + top
        return Shape(self.label, x, y, self.width * scale, self.height * scale, self.angle, outline)


@dataclass(frozen=True)
class Picture:
    """An image file and the shapes in it; the first is the largest."""

    path: Path
    pixels: np.ndarray  # [height, width, 3], RGB
    shapes: list[Shape]


def _outline(label: int, x: float, y: float, width: float, height: float, angle: float) -> np.ndarray:
    """The corners of a shape that fills a turned box of these sides."""
    corners = _CORNERS[label]
    first = {24: 0.0, 4: math.pi / 4, 3: -math.pi / 2}[corners]
    turns = first + np.arange(corners) * 2 * math.pi / corners
    unit = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    low, high = unit.min(axis=0), unit.max(axis=0)
    part = ((unit - low) / (high - low) - 0.5) * np.array([width, height])
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return part @ turn + np.array([x, y])


def _shapes(rng: random.Random, width: int, height: int, count: int) -> list[Shape]:
    """That many shapes which do not overlap; each label comes in turn."""
    first, found = rng.randrange(len(LABELS)), []
    while len(found) < count:
        found = []
        for _ in range(_TRIES):
            radius = min(width, height) * (rng.uniform(0.18, 0.22) if found else 0.24)
            x, y = rng.uniform(radius, width - radius), rng.uniform(radius, height - radius)
            if any(math.hypot(x - other.x, y - other.y) < radius + other.width / 2 for other in found):
                continue
            label = (first + len(found)) % len(LABELS)
            angle = rng.uniform(-0.7, 0.7)
            sides = (2 * radius, 2 * radius * _FLAT)
            found.append(Shape(label, x, y, *sides, angle, _outline(label, x, y, *sides, angle)))
            if len(found) == count:
                break
    return found


# Sizes that are no multiples of a stride, upright, lying, and smaller than a tensor.
_FILES = [
    ("lying.png", 320, 240, 4),
    ("upright.png", 233, 311, 4),
    ("odd.png", 161, 127, 3),
    ("wide.jpg", 500, 217, 5),
]


def draw(folder: Path) -> list[Picture]:
    """Draws the images of the tests into a folder: each has at least three shapes, and two labels."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    for index, (name, width, height, count) in enumerate(_FILES):
        rng = random.Random(100 + index)
        image = Image.new("RGB", (width, height), tuple(rng.randint(90, 150) for _ in range(3)))
        shapes = _shapes(rng, width, height, count)
        canvas = ImageDraw.Draw(image)
        for shape in shapes:
            canvas.polygon([tuple(corner) for corner in shape.outline], fill=_COLOURS[shape.label])
        # Noise tells one way to scale an image from another, which flat colours hide.
        noise = np.random.default_rng(index).integers(-30, 31, (height, width, 3))
        image = Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))
        image.save(folder / name, quality=92)
        pixels = np.asarray(Image.open(folder / name).convert("RGB"))
        pictures.append(Picture(folder / name, pixels, shapes))
    return pictures
