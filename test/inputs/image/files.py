"""Image files of every format, and what Pillow or OpenCV reads from them.

Reads a line with a folder, writes files into it, and prints for each case: its name, the file, the options of
the input, the file of the expected pixels (null: there are none), and the levels that one may be off, at most
and on average.
"""

import io
import json
import struct
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageCms, ImageOps

# Not imported, which takes seconds.
PHOTOS = Path(find_spec("sklearn").origin).parent / "datasets" / "images"
ORIENTATION = 0x0112
EXACT = (0, 0)
# Two decoders of the same lossy file may round differently.
LOSSY = (2, 0.5)
KERNELS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}

photo = Image.open(PHOTOS / "china.jpg").convert("RGB").resize((160, 107))
colours = np.asarray(photo)
grey = photo.convert("L")
_srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# Red and green have changed places: whoever applies it shows other colours.
PROFILE = _srgb.replace(b"rXYZ", b"....", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"....", b"gXYZ", 1)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def by_opencv(pixels: np.ndarray, kind: str) -> bytes:
    channels = pixels[..., [2, 1, 0, *range(3, pixels.shape[-1])]]
    return cv2.imencode(kind, channels)[1].tobytes()


def transparent() -> Image.Image:
    pixels = np.asarray(photo.convert("RGBA")).copy()
    pixels[:50, :, 3] = 0
    pixels[50:, :, 3] = 128
    return Image.fromarray(pixels)


def tiff(image: Image.Image, photometric: int, extra: int | None, kind: str) -> bytes:
    """Not compressed: in a byte order (`II`, `MM`) or as BigTIFF (`big`): no library here writes all."""
    order, big = (">" if kind == "MM" else "<"), kind == "big"
    pixels = np.asarray(image)
    height, width, channels = pixels.shape
    word, header, counter = ("Q", 16, 8) if big else ("L", 8, 2)
    tags = [
        (256, 3, [width]),
        (257, 3, [height]),
        (258, 3, [8] * channels),
        (259, 3, [1]),
        (262, 3, [photometric]),
    ]
    tags += [(273, 4, [header]), (277, 3, [channels]), (278, 3, [height]), (279, 4, [pixels.nbytes])]
    tags += [] if extra is None else [(338, 3, [extra])]
    start = header + pixels.nbytes
    room = struct.calcsize(order + word)
    end = start + counter + len(tags) * (4 + 2 * room) + room
    directory, behind = struct.pack(order + ("Q" if big else "H"), len(tags)), b""
    for number, kind_of, values in tags:
        packed = struct.pack(f"{order}{len(values)}{'H' if kind_of == 3 else 'L'}", *values)
        if len(packed) > room:
            place, behind = struct.pack(order + word, end + len(behind)), behind + packed
        else:
            place = packed.ljust(room, b"\0")
        directory += struct.pack(order + "HH" + word, number, kind_of, len(values)) + place
    first = struct.pack(order + ("HHHQ" if big else "HL"), *((43, 8, 0, start) if big else (42, start)))
    return (b"MM" if kind == "MM" else b"II") + first + pixels.tobytes() + directory + bytes(room) + behind


def inks() -> Image.Image:
    pixels = np.asarray(photo.convert("CMYK")).copy()
    pixels[..., 3] = np.asarray(grey) // 3
    return Image.fromarray(pixels, "CMYK")


def without_adobe(jpeg: bytes) -> bytes:
    start = jpeg.index(b"\xff\xee")
    return jpeg[:start] + jpeg[start + 2 + int.from_bytes(jpeg[start + 2 : start + 4], "big") :]


def turned(kind: str, orientation: int, **options: object) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return saved(photo, kind, exif=exif, **options)


def formats() -> Iterator[tuple]:
    """Name, bytes, how far off; then the libraries that it is compared with, where not with both."""
    both = ("pillow", "opencv")
    few = photo.quantize(40)
    yield "PNG", saved(photo, "PNG"), EXACT, both
    yield "PNG of greys", saved(grey, "PNG"), EXACT, both
    yield "PNG of black and white", saved(photo.convert("1"), "PNG"), EXACT, both
    yield "PNG of a palette", saved(few, "PNG"), EXACT, both
    yield "PNG of 4 bits", saved(photo.quantize(12), "PNG", bits=4), EXACT, both
    yield "PNG of a palette with a transparent colour", saved(few, "PNG", transparency=3), EXACT, both
    yield "PNG of greys with transparency", saved(Image.merge("LA", (grey, grey)), "PNG"), EXACT, both
    yield "PNG with transparency", saved(transparent(), "PNG"), EXACT, both
    yield "PNG with a profile", saved(photo, "PNG", icc_profile=PROFILE), EXACT, both
    yield "PNG of greys with a profile", saved(grey, "PNG", icc_profile=PROFILE), EXACT, both
    deep = colours.astype(np.uint16) * 200 + 77
    yield "PNG of 16 bits", by_opencv(deep, ".png"), EXACT, both
    alpha = np.dstack([deep, np.full(deep.shape[:2], 30000, np.uint16)])
    yield "PNG of 16 bits with transparency", by_opencv(alpha, ".png"), EXACT, both
    yield "JPEG", saved(photo, "JPEG", quality=80), LOSSY, both
    yield "JPEG without subsampling", saved(photo, "JPEG", quality=95, subsampling=0), LOSSY, both
    yield "progressive JPEG", saved(photo, "JPEG", quality=80, progressive=True), LOSSY, both
    yield "JPEG of greys", saved(grey, "JPEG"), LOSSY, both
    yield "JPEG with a profile", saved(photo, "JPEG", icc_profile=PROFILE), LOSSY, both
    yield "JPEG of inks", saved(inks(), "JPEG", quality=95), LOSSY, both
    yield "JPEG of inks without Adobe's marker", without_adobe(saved(inks(), "JPEG")), LOSSY, both
    yield "JPEG of white inks", saved(Image.new("CMYK", (32, 32)), "JPEG"), LOSSY, both
    yield "WebP without loss", saved(photo, "WEBP", lossless=True), EXACT, both
    yield "WebP", saved(photo, "WEBP", quality=80), LOSSY, both
    yield "WebP with transparency", saved(transparent(), "WEBP", quality=80), LOSSY, both
    yield "GIF", saved(photo, "GIF"), EXACT, both
    yield "GIF with a transparent colour", saved(few, "GIF", transparency=5, background=7), EXACT, both
    more = {"save_all": True, "append_images": [photo.rotate(90)]}
    yield "GIF of two frames", saved(photo, "GIF", **more), EXACT, both
    yield "TIFF", saved(photo, "TIFF", compression="tiff_lzw"), EXACT, both
    yield "TIFF of a JPEG", saved(photo, "TIFF", compression="jpeg"), LOSSY, both
    yield "TIFF of black and white", saved(photo.convert("1"), "TIFF", compression="group4"), EXACT, both
    yield "TIFF of a palette", saved(few, "TIFF"), EXACT, both
    yield "TIFF with transparency", saved(transparent(), "TIFF"), EXACT, ("pillow",)
    # OpenCV's multiplies by it, and rounds in its own way.
    yield "TIFF with transparency", saved(transparent(), "TIFF"), (1, 0.5), ("opencv",)
    for kind in ("II", "MM", "big"):
        # OpenCV multiplies by a transparency of its own (2), and Pillow divides by what is multiplied (1).
        for extra in (0, 1, 2, None):
            file = tiff(transparent(), 2, extra, kind)
            name = f"TIFF ({kind}) with extra samples {extra}"
            yield name, file, (1, 0.5) if extra == 2 else EXACT, ("opencv",)
            if kind != "big":
                yield name, file, (1, 0.5) if extra == 1 else EXACT, ("pillow",)
    yield "TIFF of inks", saved(inks(), "TIFF"), EXACT, ("pillow",)
    yield "TIFF of inks", saved(inks(), "TIFF"), (2, 1.5), ("opencv",)
    yield "TIFF of 16 bits", by_opencv(deep, ".tiff"), (1, 0.5), both
    # The decoders of AV1 enlarge its colours, which have half of the pixels, in ways of their own.
    yield "AVIF", saved(photo, "AVIF", quality=90), (40, 2), both
    yield "AVIF of whole colours", saved(photo, "AVIF", quality=90, subsampling="4:4:4"), (2, 0.5), both
    for orientation in range(1, 9):
        yield f"JPEG turned by {orientation}", turned("JPEG", orientation), LOSSY, both
        yield f"PNG turned by {orientation}", turned("PNG", orientation), EXACT, both
        yield f"TIFF turned by {orientation}", turned("TIFF", orientation), EXACT, both
        # OpenCV does not turn it, but the editor does.
        yield f"WebP turned by {orientation}", turned("WEBP", orientation, lossless=True), EXACT, ("pillow",)


def read(file: bytes, color: str) -> np.ndarray:
    if color == "opencv":
        return cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    return np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(file))).convert("RGB"))


def greys(pixels: np.ndarray, color: str) -> np.ndarray:
    if color == "opencv":
        return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return np.asarray(Image.fromarray(pixels).convert("L"))


def scaled(pixels: np.ndarray, size: tuple[int, int], kernel: str) -> np.ndarray:
    if kernel == "opencv-linear":
        return cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(Image.fromarray(pixels).resize(size, KERNELS[kernel]))


def cases() -> Iterator[tuple]:
    for mode in ("F", "I"):
        yield f"TIFF of mode {mode}", saved(photo.convert(mode), "TIFF"), {}, None, EXACT
    ycbcr = photo.convert("YCbCr")
    files = [saved(ycbcr, "TIFF"), saved(ycbcr, "TIFF", compression="tiff_lzw")]
    files += [tiff(ycbcr, 6, None, kind) for kind in ("MM", "big")]
    for color in ("pillow", "opencv", "managed"):
        for file in files:
            yield "TIFF of YCbCr", file, {"color": color}, None, EXACT
    for name, file, off, colors in formats():
        for color in colors:
            yield name, file, {"color": color}, read(file, color), off
    for color in ("pillow", "opencv"):
        file = saved(photo, "PNG")
        options = {"color": color, "channels": "gray"}
        yield "PNG in greys", file, options, greys(read(file, color), color), EXACT
    # 16 bits of greys keep their range, though Pillow's `convert` cuts it off at 255.
    for kind in ("PNG", "TIFF"):
        deep = np.asarray(grey).astype(np.uint16) * 200 + 77
        deep[:32, :32] = 32768
        for channels, count in (("rgb", 3), ("gray", 1)):
            expected = np.repeat((deep >> 8).astype(np.uint8)[..., None], count, axis=-1)
            file = saved(Image.fromarray(deep), kind)
            yield f"{kind} of 16 bits of greys", file, {"channels": channels}, expected, EXACT
    for photograph in ("china", "flower"):
        file = (PHOTOS / f"{photograph}.jpg").read_bytes()
        for color, kernels in (("pillow", KERNELS), ("opencv", ["opencv-linear"])):
            pixels = read(file, color)
            height, width = pixels.shape[:2]
            for kernel in kernels:
                for factor in (0.5, 2, 4.5, 10):
                    size = round(width / factor), round(height / factor)
                    options = {"color": color, "resample": kernel, "width": size[0], "height": size[1]}
                    expected = scaled(pixels, size, kernel)
                    yield f"{photograph} made smaller by {factor}", file, options, expected, LOSSY


for line in sys.stdin:
    folder = Path(json.loads(line))
    for index, (name, file, options, expected, (most, mean)) in enumerate(cases()):
        path, raw = folder / f"{index}.image", folder / f"{index}.raw"
        path.write_bytes(file)
        size = (8, 8)
        if expected is not None:
            np.ascontiguousarray(expected).tofile(raw)
            size = expected.shape
        options = {"width": size[1], "height": size[0], **options}
        case = {"name": name, "file": str(path), "options": options, "most": most, "mean": mean}
        print(json.dumps({**case, "expected": None if expected is None else str(raw)}))
