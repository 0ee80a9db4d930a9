"""Computes with NumPy and SciPy what the input `audio` computes, for every line of JSON.

`resample`: samples at another rate; `whisper` and `torchaudio`: log-mel spectra, written down from the
definitions of openai/whisper's audio.py and of torchaudio.transforms.MelSpectrogram.
"""

import json
import sys

import numpy as np
from scipy.signal import resample_poly


def frames(samples, size, hop, width):
    padded = np.pad(samples, size // 2, mode="reflect")
    count = 1 + (len(padded) - size) // hop
    window = np.pad(np.hanning(width + 1)[:-1], (size - width) // 2)
    cut = np.stack([padded[at * hop : at * hop + size] * window for at in range(count)])
    return np.abs(np.fft.rfft(cut, axis=1).T) ** 2


def slaney_mel(hz):
    return np.where(hz < 1000, hz * 3 / 200, 15 + 27 * np.log(np.maximum(hz, 1) / 1000) / np.log(6.4))


def htk_mel(hz):
    return 2595 * np.log10(1 + hz / 700)


def bank(rate, size, mels, to_mel, low, high, areas):
    # Points that are equally far apart in mel, found on a fine grid of frequencies.
    grid = np.linspace(0, rate / 2, 2_000_001)
    points = np.interp(
        np.linspace(to_mel(np.float64(low)), to_mel(np.float64(high)), mels + 2), to_mel(grid), grid
    )
    bins = np.linspace(0, rate / 2, size // 2 + 1)
    rows = []
    for left, middle, right in zip(points, points[1:], points[2:], strict=False):
        row = np.clip(np.minimum((bins - left) / (middle - left), (right - bins) / (right - middle)), 0, None)
        rows.append(row * 2 / (right - left) if areas else row)
    return np.array(rows)


for line in sys.stdin:
    case = json.loads(line)
    samples = np.array(case["samples"], dtype=np.float64)
    if case["what"] == "resample":
        common = np.gcd(case["from"], case["to"])
        made = resample_poly(samples, case["to"] // common, case["from"] // common)
    elif case["what"] == "whisper":
        power = frames(samples, 400, 160, 400)[:, :-1]
        log = np.log10(np.maximum(bank(16000, 400, 80, slaney_mel, 0, 8000, True) @ power, 1e-10))
        made = (np.maximum(log, log.max() - 8) + 4) / 4
    else:
        power = frames(samples, 512, 128, 400)[:, :-1]
        made = np.log(np.maximum(bank(8000, 512, 40, htk_mel, 20, 3800, False) @ power, 1e-6))
    print(json.dumps({"shape": made.shape, "data": made.ravel().tolist()}))
