"""Builds what the benchmark serves: a text model of about 230,000 terms, and the texts it is asked for.

Everything is drawn with a fixed seed. Words follow Zipf's law and like to follow each other, as in English,
so that a part of a new text's word pairs is known to the model.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

SEED = 20_260
WORDS = 24_000
# Known to make about 230,000 terms.
DOCUMENTS = 12_520
TEXTS = 1_000
MEAN_WORDS = 45
FOLLOWERS = 12
LABELS = ("Negative", "Positive")


class Language:
    """Made-up words, each with a polarity and with words that often come after it."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.words = _words(rng)
        ranks = np.arange(1, WORDS + 1, dtype=float)
        # The offset is Mandelbrot's: without it the first word alone would be a tenth of the text.
        self.cumulated = np.cumsum(1 / (ranks + 2.7) ** 1.07)
        self.cumulated /= self.cumulated[-1]
        self.followers = self.draw(WORDS * FOLLOWERS).reshape(WORDS, FOLLOWERS)
        self.polar = rng.permutation(np.arange(200, 4_200)).reshape(2, -1)

    def draw(self, count: int) -> np.ndarray:
        """Words by their frequency."""
        return np.searchsorted(self.cumulated, self.rng.random(count)).clip(0, WORDS - 1)

    def documents(self, count: int) -> tuple[list[str], np.ndarray]:
        """Texts with their classes."""
        rng = self.rng
        classes = rng.integers(0, 2, count)
        lengths = np.exp(rng.normal(0.0, 0.45, count))
        lengths = np.maximum(3, np.rint(lengths / lengths.mean() * MEAN_WORDS)).astype(int)
        word = self.draw(count)
        columns = [word]
        for _ in range(int(lengths.max()) - 1):
            # Skewed to the first follower, as "of" is to "the".
            place = (rng.random(count) ** 2.5 * FOLLOWERS).astype(int)
            follower = self.followers[word, place]
            kind = rng.random(count)
            polar = self.polar[classes, (rng.random(count) ** 3 * self.polar.shape[1]).astype(int)]
            word = np.where(kind < 0.62, follower, np.where(kind < 0.97, self.draw(count), polar))
            columns.append(word)
        table = np.stack(columns, axis=1)
        texts = [self._text(row[:length]) for row, length in zip(table, lengths, strict=True)]
        return texts, np.asarray(LABELS)[classes]

    def _text(self, row: np.ndarray) -> str:
        """Words as sentences, with capitals, commas and full stops."""
        words = [self.words[index] for index in row]
        start = 0
        while start < len(words):
            words[start] = words[start].capitalize()
            end = min(len(words), start + int(self.rng.integers(6, 19)))
            if end - start > 9:
                words[start + 4] += ","
            words[end - 1] += "."
            start = end
        return " ".join(words)


def _words(rng: np.random.Generator) -> list[str]:
    """Distinct words; the frequent ones are the short ones, some have an accent or an apostrophe."""
    onsets = [*"bcdfghlmnprstvw", "th", "st", "ch", "pr", "tr"]
    vowels = [*"aeiou", "ea", "ou"]
    codas = ["", "", "n", "r", "s", "t", "l", "nd", "ng", "ck"]
    words: list[str] = ["a", "i"]
    known = set(words)
    while len(words) < WORDS:
        syllables = 1 if len(words) < 120 else 1 + int(rng.integers(0, 2)) + (len(words) > 3_000)
        word = "".join(rng.choice(onsets) + rng.choice(vowels) + rng.choice(codas) for _ in range(syllables))
        chance = rng.random()
        if chance < 0.01:
            word = word.replace("e", "é")
        elif chance < 0.02:
            word += "'s"
        if word not in known:
            known.add(word)
            words.append(word)
    return words


def fit() -> tuple[Pipeline, list[str], float]:
    """The fitted pipeline, the texts to ask it for, and how long fitting took."""
    language = Language(np.random.default_rng(SEED))
    documents, classes = language.documents(DOCUMENTS)
    pipeline = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression())
    begin = time.perf_counter()
    pipeline.fit(documents, classes)
    return pipeline, language.documents(TEXTS)[0], time.perf_counter() - begin


def export(pipeline: Pipeline, texts: list[str], repository: Path) -> dict[str, Any]:
    """Writes a version with the project's own exporter and says how long it took."""
    from labelstudio_export.export import Request
    from labelstudio_export.export import export as export_version

    shutil.rmtree(repository, ignore_errors=True)
    begin = time.perf_counter()
    folder = export_version(
        Request(model=pipeline, samples=texts[:200], name="bench", repository=repository)
    ).folder
    return {"folder": str(folder), "exportSeconds": time.perf_counter() - begin}


def main() -> None:
    """Fits unless the pipeline is there, exports, writes `bench.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--key", required=True, help="kept in bench.json: what this was made from")
    parser.add_argument("--fit", action="store_true", help="fit again")
    options = parser.parse_args()
    cache = options.cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    pickle, texts_file = cache / "pipeline.joblib", cache / "texts.json"
    if options.fit or not pickle.exists() or not texts_file.exists():
        pipeline, texts, seconds = fit()
        joblib.dump(pipeline, pickle)
        positive = pipeline.predict_proba(texts)[:, list(pipeline.classes_).index("Positive")]
        content = {"texts": texts, "positive": positive.tolist(), "fitSeconds": seconds}
        texts_file.write_text(json.dumps(content))
    pipeline, content = joblib.load(pickle), json.loads(texts_file.read_text())
    made = export(pipeline, content["texts"], cache / "models")
    rows = pipeline[0].transform(content["texts"])
    info = {
        "key": options.key,
        "terms": rows.shape[1],
        "meanWords": float(np.mean([len(text.split()) for text in content["texts"]])),
        "meanTermsKnown": rows.nnz / rows.shape[0],
        "accuracyOfScores": float(np.mean(np.abs(np.asarray(content["positive"]) - 0.5))) + 0.5,
        "fitSeconds": content["fitSeconds"],
        "peakMegabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        **made,
    }
    # Last, so that an interrupted run is begun again.
    (cache / "bench.json").write_text(json.dumps(info, indent=2))
    print(json.dumps(info))


if __name__ == "__main__":
    main()
