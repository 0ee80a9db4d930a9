"""What NumPy makes of half precision: IEEE 754 binary16, rounded to the nearest, ties to even.

stdin:  one JSON line: {"seed": ...}
stdout: one JSON line, arrays in base64, little-endian:
        "halves"   float32[65536]: the number of each half by its bits
        "singles"  float32[n], "ofSingles" uint16[n]: numbers and the bits of their nearest halves
        "doubles"  float64[n], "ofDoubles" uint16[n]: the same of double precision
"""

import base64
import json
import sys

import numpy as np

random = np.random.default_rng(json.loads(sys.stdin.readline())["seed"])
every = np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float32)

# Halfway between two neighbours, and a little to each side of it.
finite = np.sort(every[np.isfinite(every)]).astype(np.float64)
middles = (finite[1:] + finite[:-1]) / 2
nearly = [middles * (1 + sign * 2.0**-places) for places in (23, 24, 30, 45, 52) for sign in (1, -1)]
edges = [0.0, 65504, 65519.99, 65520, 65535, 1e6, 3.4e38, 2.0**-24, 2.0**-25, 1e-8, 1e-30, 1e-45, np.inf]
doubles = np.concatenate(
    [
        middles,
        *nearly,
        edges,
        np.negative(edges),
        [np.nan, -0.0, 1e-320, 1e300, -1e300],
        random.normal(size=20_000) * 2.0 ** random.integers(-40, 24, 20_000),
    ]
)
bits = random.integers(0, 2**32, 100_000, dtype=np.uint32)
with np.errstate(over="ignore", invalid="ignore"):
    singles = np.concatenate([doubles.astype(np.float32), bits.view(np.float32), every])
    answer = {
        "halves": every,
        "singles": singles,
        "ofSingles": singles.astype(np.float16).view(np.uint16),
        "doubles": doubles,
        "ofDoubles": doubles.astype(np.float16).view(np.uint16),
    }
print(json.dumps({name: base64.b64encode(array.tobytes()).decode() for name, array in answer.items()}))
