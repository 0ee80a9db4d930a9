"""What the models of the tests are fitted on: data that scikit-learn ships, and some sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine

SAMPLES, HELD_OUT = 20, 24


@dataclass(frozen=True)
class Data:
    """Rows to fit on, and rows that the model and the export never see. Texts, or a table."""

    fit: Any
    target: np.ndarray
    held_out: Any

    def with_target(self, target: np.ndarray) -> Data:
        """The same rows with something else to predict."""
        return Data(self.fit, target, self.held_out)

    def with_held_out(self, held_out: Any) -> Data:
        """The same with other rows to try."""
        return Data(self.fit, self.target, held_out)

    def mapped(self, change: Any) -> Data:
        """The same with other numbers."""
        return Data(change(self.fit), self.target, change(self.held_out))


def _split(frame: pd.DataFrame, target: np.ndarray) -> tuple[Data, np.ndarray]:
    order = np.random.default_rng(0).permutation(len(frame))
    apart, rest = order[:HELD_OUT], order[HELD_OUT:]
    return Data(frame.iloc[rest], np.asarray(target)[rest], frame.iloc[apart]), rest


def _holes(frame: pd.DataFrame) -> pd.DataFrame:
    holes = frame.astype(float).copy()
    rng = np.random.default_rng(1)
    holes[rng.random(holes.shape) < 0.15] = np.nan
    # A whole row of them, the worst that a task can hold.
    holes.iloc[0] = np.nan
    return holes


_wine, _kinds = load_wine(return_X_y=True, as_frame=True)
WINE, _rest = _split(_wine, np.array(["red", "white", "rosé"])[_kinds])
_cancer, _benign = load_breast_cancer(return_X_y=True, as_frame=True)
CANCER, _ = _split(_cancer.iloc[:, :8], np.asarray(_benign))
_images, _figures = load_digits(return_X_y=True, as_frame=True)
DIGITS, _ = _split(_images.iloc[:600], np.asarray(_figures)[:600])
_people, _progress = load_diabetes(return_X_y=True, as_frame=True)
DIABETES, _ = _split(_people, np.asarray(_progress))
# Counts of something: what naive Bayes of counts and categories takes.
COUNTS = WINE.mapped(lambda frame: (frame * 2).round().clip(0, 15))
WINE_HOLES, CANCER_HOLES, DIABETES_HOLES = (each.mapped(_holes) for each in (WINE, CANCER, DIABETES))

_medians = _wine[["hue", "color_intensity", "alcohol"]].median()
_flags = (_wine[_medians.index] > _medians).to_numpy().astype(int)[_rest]
# Three labels, each of which a wine has or has not.
FLAGS = WINE.with_target(_flags)
# Two targets with classes of their own.
BOTH = WINE.with_target(np.stack([WINE.target, np.where(_flags[:, 2], "strong", "light")], axis=1))
# Two numbers.
NUMBERS = DIABETES.with_target(np.stack([DIABETES.target, DIABETES.fit["bmi"] * 1000], axis=1))

_SUBJECTS = [
    "the film",
    "a phone",
    "this soup",
    "the story",
    "my headset",
    "the pasta",
    "its battery",
    "der Film",
]
_WORDS = {
    "great": 1, "wonderful": 1, "très bon": 1, "charming": 1, "fresh": 1, "not bad": 1,
    "awful": 0, "boring": 0, "broken": 0, "schrecklich": 0, "cold": 0, "not good": 0,
}  # fmt: skip
_ENDS = ["", "!", "... I'd say", " :-)", " and I paid £9", " (twice)"]


def _sentences() -> tuple[list[str], list[int], list[str]]:
    texts, moods, topics = [], [], []
    for number in range(192):
        subject = _SUBJECTS[number % 8]
        first, second = (list(_WORDS)[index % 12] for index in (number * 5, number * 7 + number // 12))
        texts.append(f"{subject.capitalize()} was {first}, {second}{_ENDS[number % 6]}")
        moods.append(int(_WORDS[first] + _WORDS[second] + number % 2 >= 2))
        topics.append(
            "food" if subject[-4:] in {"soup", "asta"} else "film" if "m" in subject[-2:] else "other"
        )
    return texts, moods, topics


_texts, _moods, _topics = _sentences()
_APART = [*_texts[:HELD_OUT], "", "   ", "ΣΊΣΥΦΟΣ 👍🏽 İ the film was great", "word " * 500]
MOODS = Data(_texts[HELD_OUT:], np.array(_moods[HELD_OUT:]), _APART)
TOPICS = Data(_texts[HELD_OUT:], np.array(_topics[HELD_OUT:]), _APART)
