"""Images as the tensors that the server makes of them: the input kind `image`."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from labelstudio_export.errors import ExportError
from labelstudio_export.files import VersionFiles
from labelstudio_export.samples import Samples

from .contract import Wording

RESAMPLE = ("nearest", "box", "bilinear", "bicubic", "lanczos", "opencv-linear")
_INPUT = "pixel_values"
_PNG = "data:image/png;base64,"
# Each channel of a generated image has its own, so that their order is compared too.
_SEED = 0
_WHITE = 255


class ImageRows:
    """What `src/inputs/image` makes of images in RGB, scaled to one size: float32 [rows, 3, height, width].

    Samples are scaled here and kept without loss: what is compared is all that comes after.

    :param mean: taken off each channel, of values 0 to 1
    :param std: what the rest is divided by
    :param letterbox: the grey, 0 to 255, of the bars beside an image of another shape; None: it is stretched
    :param resample: how the server scales, one of `RESAMPLE`; None: as OpenCV with bars, else `bilinear`
    """

    kind = "image"
    wording = Wording(
        "an image", "beside others in a batch", "let each row be computed for itself, as after model.eval()"
    )

    def __init__(
        self,
        width: int,
        height: int,
        mean: Sequence[float] = (0.0,),
        std: Sequence[float] = (1.0,),
        letterbox: int | None = None,
        resample: str | None = None,
    ) -> None:
        for option, numbers in (("--mean", mean), ("--std", std)):
            if len(numbers) not in {1, 3}:
                raise ExportError(option, f"it has {len(numbers)} numbers", "give one, or one a channel")
        if min(std) <= 0:
            raise ExportError("--std", f"{min(std)} divides nothing", "give numbers above 0")
        if letterbox is not None and not 0 <= letterbox <= _WHITE:
            raise ExportError("--letterbox", f"{letterbox} is no grey", f"give one of 0 to {_WHITE}")
        self.width, self.height = width, height
        self.letterbox = letterbox
        # Bars are of Ultralytics and its like, which read and scale with OpenCV.
        self.resample = resample or ("bilinear" if letterbox is None else "opencv-linear")
        self.mean, self.std = list(mean), list(std)
        self.inputs = {_INPUT: {0: "rows"}}

    def options(self) -> dict[str, Any]:
        """The manifest's `input`."""
        size = {"width": self.width, "height": self.height}
        fit = {} if self.letterbox is None else {"fit": "letterbox", "fill": self.letterbox}
        color = "opencv" if self.resample == "opencv-linear" else "pillow"
        scaled = {"resample": self.resample, "color": color}
        return {"kind": self.kind, **size, **fit, **scaled, "mean": self.mean, "std": self.std}

    def put(self, files: VersionFiles) -> None:
        """It has no files."""

    def samples(self, given: Sequence[Path]) -> Samples:
        """The given images and generated ones, as data URIs.

        :raises ExportError: when one cannot be read
        """
        rows = [self._scaled(path) for path in given]
        shape = (self.height, self.width, 3)
        noise = np.random.default_rng(_SEED).integers(0, 256, shape, dtype=np.uint8)
        slope = np.linspace(0, 255, self.width)[None, :, None] * np.array([1.0, 0.5, 0.0])
        slope = np.broadcast_to(slope, shape).astype(np.uint8)
        rows += [noise, slope, slope[:, ::-1], np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8)]
        uris = [_uri(row) for row in rows]
        return Samples(uris, list(uris), len(given))

    def feeds(self, values: Sequence[str]) -> dict[str, np.ndarray]:
        """A batch of images."""
        pixels = np.stack([_pixels(value) for value in values]).astype(np.float64)
        scaled = ((pixels * (1 / 255) - self.mean) / self.std).astype(np.float32)
        return {_INPUT: np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))}

    def alike(self, values: Sequence[str]) -> list[str]:
        """All of them."""
        return list(values)

    def own(self, value: str) -> slice:
        """All of it."""
        return slice(None)

    def size(self, value: str) -> int:
        """How large a row is, which is always the same."""
        return self.width * self.height

    def _scaled(self, path: Path) -> np.ndarray:
        try:
            with Image.open(path) as image:
                size, colours = (self.width, self.height), image.convert("RGB")
                if self.letterbox is None:
                    return np.asarray(colours.resize(size, Image.Resampling.BILINEAR))
                return np.asarray(ImageOps.pad(colours, size, color=(self.letterbox,) * 3))
        except (OSError, UnidentifiedImageError) as error:
            raise ExportError(str(path), f"it cannot be read as an image ({error})", "remove it") from error


def read_images(folder: Path) -> list[Path]:
    """The files of a folder of images, by name.

    :raises ExportError: when it has none
    """
    found = sorted(path for path in folder.glob("*") if path.is_file() and not path.name.startswith("."))
    if not found:
        raise ExportError("--samples", f"{folder} is no folder with images", "give one with some images")
    return found


def _uri(pixels: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return _PNG + base64.b64encode(file.getvalue()).decode("ascii")


def _pixels(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.removeprefix(_PNG)))))
