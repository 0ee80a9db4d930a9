"""For every line of options: an image as a data URI, and the tensor that Pillow and NumPy make of it."""

import base64
import io
import json
import sys

import numpy as np
from PIL import Image, ImageOps

ORIENTATION = 0x0112
KERNELS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def picture(width: int, height: int, mode: str) -> Image.Image:
    """Waves, so that neighbours differ and nothing is symmetric."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    waves = [np.sin(x / 3 + y / 7), np.cos(x / 5 - y / 4), np.sin(x * y / 60)]
    channels = np.stack([127.5 + 127.5 * wave for wave in waves], axis=-1).round().astype(np.uint8)
    image = Image.fromarray(channels)
    if mode == "RGBA":
        image.putalpha(Image.fromarray(((x + y) % 2 * 255).astype(np.uint8)))
    return image.convert(mode)


def bars(image: Image.Image, options: dict, corner: tuple[int, int]) -> Image.Image:
    fill = options.get("fill", 0)
    page = Image.new(
        image.mode, (options["width"], options["height"]), fill if image.mode == "L" else tuple(fill)
    )
    page.paste(image, corner)
    return page


def fitted(image: Image.Image, options: dict) -> Image.Image:
    width, height = options["width"], options["height"]
    fit = options.get("fit", "stretch")
    kernel = KERNELS[options.get("resample", "bilinear")]
    if fit == "stretch":
        return image.resize((width, height), kernel)
    if fit == "letterbox":
        scale = min(width / image.width, height / image.height)
        image = image.resize((round(image.width * scale), round(image.height * scale)), kernel)
        start = options.get("align") == "start"
        corner = (0, 0) if start else ((width - image.width) // 2, (height - image.height) // 2)
        return bars(image, options, corner)
    edge, (short, long) = options["shortest_edge"], sorted(image.size)
    sides = edge, int(edge * long / short)
    image = image.resize(sides if image.width <= image.height else sides[::-1], kernel)
    if min(image.size) < min(width, height):
        return bars(image, options, ((width - image.width) // 2, (height - image.height) // 2))
    left, top = round((image.width - width) / 2), round((image.height - height) / 2)
    return image.crop((left, top, left + width, top + height))


def tensor(image: Image.Image, options: dict) -> np.ndarray:
    if options.get("color") == "managed" and image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    mode = "L" if options.get("channels") == "gray" else "RGB"
    image = fitted(ImageOps.exif_transpose(image).convert(mode), options)
    pixels = np.asarray(image)
    if mode == "L":
        pixels = pixels[..., None]
    if options.get("channels") == "bgr":
        pixels = pixels[..., ::-1]
    if options.get("dtype") != "uint8":
        scale = options.get("scale", 1 / 255)
        pixels = (pixels * scale - np.array(options.get("mean", [0]))) / np.array(options.get("std", [1]))
    return pixels if options.get("layout") == "nhwc" else pixels.transpose(2, 0, 1)


for line in sys.stdin:
    case = json.loads(line)
    image = picture(case["size"][0], case["size"][1], case.get("mode", "RGB"))
    file = io.BytesIO()
    exif = Image.Exif()
    if "orientation" in case:
        exif[ORIENTATION] = case["orientation"]
    image.save(file, case["format"], exif=exif, **case.get("save", {}))
    file.seek(0)
    made = tensor(Image.open(file), case["options"])
    kind = "jpeg" if case["format"] == "JPEG" else "png"
    uri = f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"
    print(
        json.dumps({"file": uri, "dims": [1, *made.shape], "data": made.astype(np.float64).ravel().tolist()})
    )
