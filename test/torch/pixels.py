"""What torchvision, transformers and Ultralytics make of photos: `pixels.py FOLDER`.

Prints, as one JSON, `tensors`: the files of photos, the options of the input that say the same, and the files
of the tensors (float32); and `places`: what the libraries say where sizes.py of the image tests has formulas.
"""

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
import transformers
from PIL import Image
from torchvision.transforms import InterpolationMode, v2
from torchvision.transforms import functional as torchvision
from transformers import image_transforms
from ultralytics.data.augment import LetterBox

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "inputs" / "image"))

import sizes

PHOTOS = Path(importlib.util.find_spec("sklearn").origin).parent / "datasets" / "images"
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
NORMALISED = {"mean": MEAN, "std": STD}
TENSOR = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]
# Numbers of Pillow's filters, as in a preprocessor_config.json.
RESAMPLE = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4}


def by_torchvision(*steps: torch.nn.Module) -> Callable:
    pipeline = v2.Compose([*steps, *TENSOR])
    return lambda path: pipeline(Image.open(path).convert("RGB"))[None].numpy()


def by_transformers(processor: object) -> Callable:
    return lambda path: processor(Image.open(path).convert("RGB"), return_tensors="pt")[
        "pixel_values"
    ].numpy()


def by_ultralytics(**options: object) -> Callable:
    def made(path: Path) -> np.ndarray:
        pixels = LetterBox(**options)(image=cv2.imread(str(path)))
        return pixels[..., ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255

    return made


def torchvision_cases() -> Iterator[tuple]:
    for kernel, mode in (("bilinear", "BILINEAR"), ("bicubic", "BICUBIC"), ("lanczos", "LANCZOS")):
        for edge in (256, 232, 224, 200):
            steps = v2.Resize(edge, InterpolationMode[mode]), v2.CenterCrop(224)
            options = {"width": 224, "height": 224, "fit": "crop", "shortest_edge": edge, "resample": kernel}
            # Bars are black before the normalising.
            yield f"torchvision {edge} {kernel}", options, by_torchvision(*steps)
    options = {"fit": "edges", "shortest_edge": 300, "longest_edge": 400}
    yield "torchvision's edges", options, by_torchvision(v2.Resize(300, max_size=400))
    yield "torchvision's stretch", {"width": 640, "height": 640}, by_torchvision(v2.Resize((640, 640)))


def transformers_cases() -> Iterator[tuple]:
    for kernel in ("bilinear", "bicubic", "lanczos"):
        same = {"image_mean": MEAN, "image_std": STD, "resample": RESAMPLE[kernel]}
        size = {"height": 224, "width": 224}
        vit = transformers.ViTImageProcessor(size=size, **same)
        # The image processors of transformers 5 scale tensors with torch.
        torchs = f"torch-{kernel}"
        yield f"ViT {kernel}", {"width": 224, "height": 224, "resample": torchs}, by_transformers(vit)
        for edge in (256, 224, 200):
            clip = transformers.CLIPImageProcessor(size={"shortest_edge": edge}, crop_size=size, **same)
            options = {"fit": "crop", "shortest_edge": edge, "rounding": "transformers", "resample": torchs}
            yield f"CLIP {edge} {kernel}", {"width": 224, "height": 224, **options}, by_transformers(clip)
    same = {"image_mean": MEAN, "image_std": STD}
    convnext = transformers.ConvNextImageProcessor(
        size={"shortest_edge": 224}, crop_pct=0.875, resample=3, **same
    )
    options = {"fit": "crop", "shortest_edge": 256, "rounding": "transformers", "resample": "torch-bicubic"}
    yield "ConvNeXT", {"width": 224, "height": 224, **options}, by_transformers(convnext)
    edges = {"shortest_edge": 800, "longest_edge": 1333}
    detr = transformers.DetrImageProcessor(size=edges, **same)
    bilinear = {"rounding": "transformers", "resample": "torch-bilinear"}
    yield "DETR", {"fit": "edges", **bilinear, **edges}, by_transformers(detr)
    padded = transformers.DetrImageProcessor(
        size={"shortest_edge": 300, "longest_edge": 400},
        pad_size={"height": 400, "width": 400},
        **same,
    )
    options = {"fit": "edges", "shortest_edge": 300, "longest_edge": 400, **bilinear}
    options |= {"width": 400, "height": 400, "align": "start", "pad": "after"}
    yield "DETR with bars", options, by_transformers(padded)
    sam = transformers.SamImageProcessor(**same)
    options = {"width": 1024, "height": 1024, "fit": "letterbox", "align": "start", "pad": "after"}
    options["resample"] = "torch-bilinear"
    yield "Segment Anything", options, by_transformers(sam)


def ultralytics_cases() -> Iterator[tuple]:
    opencv = {"resample": "opencv-linear", "color": "opencv", "fill": 114}
    square = {"width": 640, "height": 640, "fit": "letterbox", **opencv}
    yield "LetterBox", square, by_ultralytics()
    small = {**square, "width": 320, "height": 256}
    yield "LetterBox of another shape", small, by_ultralytics(new_shape=(256, 320))
    yield "LetterBox at the start", {**square, "align": "start"}, by_ultralytics(center=False)
    auto = {"fit": "edges", "longest_edge": 640, "multiple_of": 32, **opencv}
    yield "LetterBox of a rectangle", auto, by_ultralytics(auto=True)


def tensors(folder: Path) -> Iterator[dict]:
    """Each case for a photo on its side and one that stands."""
    standing = folder / "standing.jpg"
    Image.open(PHOTOS / "flower.jpg").rotate(90, expand=True).resize((301, 517)).save(standing, quality=90)
    index = 0
    for path in (PHOTOS / "china.jpg", standing):
        for cases, normalised in (
            (torchvision_cases(), NORMALISED),
            (transformers_cases(), NORMALISED),
            (ultralytics_cases(), {}),
        ):
            for name, options, made in cases:
                tensor = made(path)
                file = folder / f"{index}.raw"
                np.ascontiguousarray(tensor, dtype=np.float32).tofile(file)
                case = {
                    "name": f"{name}, {path.name}",
                    "photo": str(path),
                    "options": {**options, **normalised},
                }
                yield {**case, "dims": tensor.shape, "expected": str(file)}
                index += 1


def cropped(size: tuple[int, int], crop: int, cut: Callable) -> list[int]:
    """Where a library's crop puts an image of that size."""
    width, height = size
    # Its numbers say where they were; 0 is what was put beside them.
    columns = cut(torch.arange(1, width + 1).reshape(1, 1, width).expand(1, height, width))[0]
    rows = cut(torch.arange(1, height + 1).reshape(1, height, 1).expand(1, height, width))[0]
    places = []
    for line in (columns[crop // 2], rows[:, crop // 2]):
        first = int(torch.nonzero(line)[0])
        places.append(first - (int(line[first]) - 1))
    return [*size, *places, crop, crop]


def original(formula: str, arguments: dict) -> Callable | None:
    """The library's own function for a formula of sizes.py."""
    if formula == "torchvision_crop":
        edge, crop = arguments["edge"], arguments["crop"]

        def made(width: int, height: int) -> list[int]:
            size = torchvision._compute_resized_output_size((height, width), [edge])[::-1]
            return cropped(size, crop, lambda image: torchvision.center_crop(image, [crop, crop]))

        return made
    if formula == "transformers_crop":
        edge, crop = arguments["edge"], arguments["crop"]
        processor = transformers.CLIPImageProcessor()
        window = transformers.image_utils.SizeDict(height=crop, width=crop)

        def made(width: int, height: int) -> list[int]:
            image = np.broadcast_to(np.zeros(1, np.uint8), (3, height, width))
            size = image_transforms.get_resize_output_image_size(
                image, edge, default_to_square=False, input_data_format="channels_first"
            )[::-1]
            return cropped(size, crop, lambda pixels: processor.center_crop(pixels, window))

        return made
    if formula == "torchvision_edges":

        def made(width: int, height: int) -> list[int]:
            edge, most = arguments["edge"], arguments["most"]
            size = torchvision._compute_resized_output_size((height, width), [edge], most)[::-1]
            return [*size, 0, 0, *size]

        return made
    if formula == "detr":

        def made(width: int, height: int) -> list[int]:
            edge, most = arguments["edge"], arguments["most"]
            size = image_transforms.get_size_with_aspect_ratio((height, width), edge, most)[::-1]
            return [*size, 0, 0, *size]

        return made
    if formula == "segment_anything":
        processor = transformers.SamImageProcessor()

        def made(width: int, height: int) -> list[int]:
            size = processor._get_preprocess_shape((height, width), arguments["side"])[::-1]
            return [*size, 0, 0, arguments["side"], arguments["side"]]

        return made
    if formula == "letterbox":
        stride = arguments["stride"]
        box = LetterBox(arguments["side"], auto=stride is not None, stride=stride or 32)

        def made(width: int, height: int) -> list[int]:
            image = np.broadcast_to(np.zeros(1, np.uint8), (height, width, 3))
            found = box.get_params({"img": image})
            size, left, top = found["new_unpad"], found["left"], found["top"]
            return [*size, left, top, size[0] + left + found["right"], size[1] + top + found["bottom"]]

        return made
    return None


def places(asked: list[dict]) -> Iterator[list | None]:
    for each in asked:
        arguments = {name: value for name, value in each.items() if name != "as"}
        made = original(each["as"], arguments)
        yield None if made is None else [[*size, *made(*size)] for size in sizes.photos()]


folder = Path(sys.argv[1])
asked = json.loads((folder / "asked.json").read_text())
print(json.dumps({"tensors": list(tensors(folder)), "places": list(places(asked))}))
