"""Writes timestamps.json: what Silero VAD's own code makes of random scores, with random options.

    pip install silero-vad==6.2.3 numpy
    python test/regions/speech/take.py

Each case: `scores` of 512 samples each at 16 kHz, `total` samples, `options` of get_speech_timestamps, and
`parts` in samples.
"""

import json
from pathlib import Path

import numpy as np
from silero_vad.utils_vad import get_speech_timestamps_from_probs

CASES = 300
CHUNK = 512

random = np.random.default_rng(1)
cases = []
for _ in range(CASES):
    count = int(random.integers(1, 90))
    # A voice that comes and goes, more or less often, and is hardly sure now and then.
    walk = np.cumsum(random.normal(0, random.choice([0.7, 1.5, 4]), count)) * 0.8
    walk -= walk.mean() if random.random() < 0.8 else 0
    scores = np.round(1 / (1 + np.exp(-walk)), 3).astype(np.float32)
    options = {
        "threshold": float(random.choice([0.1, 0.3, 0.5, 0.5, 0.8])),
        "min_speech_duration_ms": int(random.choice([0, 64, 100, 250, 250])),
        "min_silence_duration_ms": int(random.choice([0, 32, 64, 100, 100, 500])),
        "speech_pad_ms": int(random.choice([0, 30, 30, 33, 100, 400])),
    }
    if random.random() < 0.4:
        options["neg_threshold"] = round(options["threshold"] * float(random.choice([0.2, 0.6, 1])), 3)
    total = CHUNK * count - int(random.integers(0, CHUNK))
    found = get_speech_timestamps_from_probs(
        [float(score) for score in scores], audio_length_samples=total, **options
    )
    cases.append(
        {
            "scores": [float(str(score)) for score in scores],
            "total": total,
            "options": options,
            "parts": [[part["start"], part["end"]] for part in found],
        }
    )

lines = ",\n".join(json.dumps(case) for case in cases)
Path(__file__).with_name("timestamps.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
