"""How many texts a second scikit-learn's own `predict_proba` takes."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import joblib
from sklearn.pipeline import Pipeline


def main() -> None:
    """Arguments: pipeline, texts, batch sizes. Answers each line, a number of seconds, with one of JSON."""
    pipeline = joblib.load(sys.argv[1])
    texts = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))["texts"]
    sizes = [int(size) for size in sys.argv[3:]]
    pipeline.predict_proba(texts)
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps({size: rate(pipeline, texts, size, float(line)) for size in sizes}), flush=True)


def rate(pipeline: Pipeline, texts: list[str], size: int, seconds: float) -> float:
    """Texts a second in batches of `size`."""
    done, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        first = done % len(texts)
        pipeline.predict_proba(texts[first : first + size])
        done += size
    return done / (time.perf_counter() - begin)


if __name__ == "__main__":
    main()
