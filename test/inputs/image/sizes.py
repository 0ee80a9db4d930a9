"""How large the originals make images, and where they put them: their formulas, written down once more.

Reads lines `{"as": name, ...}`, and prints for each of them what comes out for each of 2,012 sizes of photos:
`[width, height, scaled width, scaled height, left, top, tensor width, tensor height]`.
"""

import json
import random
import sys

COMMON = [
    (640, 480), (640, 427), (500, 375), (1920, 1080), (1080, 1920), (4032, 3024),
    (3024, 4032), (1280, 720), (800, 533), (1024, 683), (612, 612), (333, 500),
]  # fmt: skip


def photos() -> list[tuple[int, int]]:
    generator = random.Random(1)
    others = [(generator.randint(200, 4000), generator.randint(200, 4000)) for _ in range(2000)]
    return COMMON + others


def shortest(width: int, height: int, edge: int) -> tuple[int, int]:
    short, long = sorted((width, height))
    return (edge, int(edge * long / short)) if width <= height else (int(edge * long / short), edge)


def torchvision_crop(width: int, height: int, edge: int, crop: int) -> list[int]:
    """`Resize(edge)` and `CenterCrop(crop)`."""
    size = shortest(width, height, edge)
    corner = [(crop - side) // 2 if side < crop else -round((side - crop) / 2.0) for side in size]
    return [*size, *corner, crop, crop]


def transformers_crop(width: int, height: int, edge: int, crop: int) -> list[int]:
    """`resize` by `get_resize_output_image_size`, and `center_crop`."""
    size = shortest(width, height, edge)
    corner = [(crop - side) // 2 if side < crop else -int((side - crop) / 2.0) for side in size]
    return [*size, *corner, crop, crop]


def torchvision_edges(width: int, height: int, edge: int, most: int) -> list[int]:
    """`Resize(edge, max_size=most)`."""
    short, long = sorted(shortest(width, height, edge))
    if long > most:
        short, long = int(most * short / long), most
    size = (short, long) if width <= height else (long, short)
    return [*size, 0, 0, *size]


def detr(width: int, height: int, edge: int, most: int) -> list[int]:
    """transformers' `get_size_with_aspect_ratio`."""
    raw = None
    short, long = float(min(height, width)), float(max(height, width))
    if long / short * edge > most:
        raw = most * short / long
        edge = round(raw)
    exact = edge if raw is None else raw
    if edge in (width, height) and edge == min(width, height):
        size = (width, height)
    elif width < height:
        size = (edge, int(exact * height / width))
    else:
        size = (int(exact * width / height), edge)
    return [*size, 0, 0, *size]


def letterbox(width: int, height: int, side: int, stride: int | None) -> list[int]:
    """Ultralytics' `LetterBox`, with a stride that of `auto=True`."""
    ratio = min(side / height, side / width)
    size = round(width * ratio), round(height * ratio)
    rooms = [side - each if stride is None else (side - each) % stride for each in size]
    corner = [round(room / 2 - 0.1) for room in rooms]
    ends = [round(room / 2 + 0.1) for room in rooms]
    tensor = [each + first + last for each, first, last in zip(size, corner, ends, strict=False)]
    return [*size, *corner, *tensor]


def segment_anything(width: int, height: int, side: int) -> list[int]:
    """`ResizeLongestSide`, and bars at the right and below."""
    scale = side * 1.0 / max(height, width)
    return [int(width * scale + 0.5), int(height * scale + 0.5), 0, 0, side, side]


def yolox(width: int, height: int, side: int) -> list[int]:
    """YOLOX's `preproc`."""
    ratio = min(side / height, side / width)
    return [int(width * ratio), int(height * ratio), 0, 0, side, side]


ALL = [
    torchvision_crop,
    transformers_crop,
    torchvision_edges,
    detr,
    letterbox,
    segment_anything,
    yolox,
]
FORMULAS = {each.__name__: each for each in ALL}

if __name__ == "__main__":
    for line in sys.stdin:
        asked = json.loads(line)
        formula = FORMULAS[asked.pop("as")]
        print(json.dumps([[*size, *formula(*size, **asked)] for size in photos()]))
