"""Scales grids of scores as Pillow does, and says for each pixel which labels it has.

Of each line of JSON: `grids` is one grid a label, `factor` what they are enlarged by, `crop` the part
that is the original, in cells, `least` null for the likeliest label alone, else the score from
which a pixel has a label.
"""

import json
import sys

import numpy as np
from PIL import Image

for line in sys.stdin:
    case = json.loads(line)
    left, top, right, bottom = case["crop"]
    size = ((right - left) * case["factor"], (bottom - top) * case["factor"])
    scaled = []
    for grid in case["grids"]:
        # Pillow leaves out what lies outside of its box, as bars are cut off before a mask is scaled.
        image = Image.fromarray(np.array(grid, dtype=np.float32)).crop(case["crop"])
        scaled.append(np.asarray(image.resize(size, Image.Resampling.BILINEAR)))
    scores = np.stack(scaled)
    if case["least"] is None:
        has = scores.argmax(axis=0) == np.arange(len(scores))[:, None, None]
    else:
        has = scores > case["least"]
    means = [
        float(own[own_has].mean()) if own_has.any() else None
        for own, own_has in zip(scores, has, strict=True)
    ]
    print(json.dumps({"has": has.astype(int).reshape(len(has), -1).tolist(), "means": means}))
