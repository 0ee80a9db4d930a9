"""Reads masks back as others do: for each line of JSON the rows of its mask, as texts of 0 and 1.

`rle`: by the SDK of Label Studio, which also packs the mask itself; `png`: by Pillow; `polygon`: filled by Pillow.
"""

import base64
import io
import json
import sys

import numpy as np
from label_studio_sdk.converter import brush
from PIL import Image, ImageDraw

SCALE = 8

for line in sys.stdin:
    case = json.loads(line)
    width, height = case["size"]
    answer = {}
    if "rle" in case:
        pixels = brush.decode_rle(case["rle"]).reshape(height, width, 4)
        assert (pixels == pixels[..., :1]).all()
        mask = pixels[..., 3] > 0
        answer["packed"] = [int(each) for each in brush.mask2rle(mask.astype(np.uint8) * 255)]
    elif "png" in case:
        image = Image.open(io.BytesIO(base64.b64decode(case["png"].split(",")[1]))).convert("RGBA")
        assert image.size == (width, height)
        pixels = np.asarray(image)
        mask = pixels[..., 3] == 255
        assert (pixels[mask][:, :3] == 0).all() and (pixels[~mask][:, 3] == 0).all()
    else:
        # Pixel by pixel Pillow draws the border as well: filled several times as large, it is thin.
        image = Image.new("L", (width * SCALE, height * SCALE))
        draw = ImageDraw.Draw(image)
        for points in case["polygons"]:
            draw.polygon([(x / 100 * width * SCALE, y / 100 * height * SCALE) for x, y in points], fill=255)
        mask = np.asarray(image.resize((width, height), Image.Resampling.BOX)) >= 128
    answer["rows"] = ["".join("1" if pixel else "0" for pixel in row) for row in mask]
    print(json.dumps(answer))
