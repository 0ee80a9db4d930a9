"""The trainer of the shipped sentiment model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.pipeline import Pipeline

from labelstudio_export.errors import ExportError
from labelstudio_export.export import Request, export

from .sentiment_data import CREDITS, load_sentences
from .text import word_features

LABELS = ("Negative", "Positive")
_DESCRIPTION = (
    "Negative or positive, for short English sentences such as reviews of products, films and restaurants. "
    "TF-IDF of words and word pairs, logistic regression."
)
_ROOT = Path(__file__).resolve().parents[2]
_FOLDS = 5
_CHOICES = {"features__min_df": [1, 2], "classifier__C": [1.0, 3.0, 10.0]}


def main(arguments: list[str] | None = None) -> None:
    """The command: trains, measures, writes a version; exit code 1 with one line on bad input."""
    parser = argparse.ArgumentParser(
        description="Train TF-IDF and logistic regression on the 3,000 sentences of 'Sentiment Labelled "
        "Sentences', and write the result as a version of a model."
    )
    parser.add_argument(
        "--repository", type=Path, default=_ROOT / "models", help="model folder (default: models)"
    )
    parser.add_argument("--name", default="sentiment", help="the model's name (default: sentiment)")
    parser.add_argument("--cache", type=Path, default=_ROOT / ".cache", help="where the data set is kept")
    options = parser.parse_args(arguments)
    try:
        train(options.repository, options.name, options.cache)
    except ExportError as error:
        sys.exit(f"error: {error}")


def train(repository: Path, name: str, cache: Path) -> Path:
    """Trains and writes a version, unless the newest one already serves the same; returns its folder."""
    texts, classes, _ = load_sentences(cache)
    print(f"{len(texts):,} sentences, {np.mean(classes):.0%} of them positive")
    # Some sentences occur twice: both copies stay in one fold, or the model would be asked what it has seen.
    groups = np.unique(np.asarray(texts), return_inverse=True)[1]
    accuracies = held_out_accuracy(texts, np.asarray(classes), groups)
    print(f"held-out accuracy, settings chosen inside each of {_FOLDS} folds: {np.mean(accuracies):.3f}")
    search = _search()
    search.fit(texts, classes, groups=groups)
    print(f"fitted on all sentences with {search.best_params_}")
    metrics = {
        "accuracy": round(float(np.mean(accuracies)), 4),
        "accuracyPerFold": [round(float(accuracy), 4) for accuracy in accuracies],
        "method": f"{_FOLDS}-fold cross-validation; min_df and C chosen inside the training part of each",
        "samples": len(texts),
        "settings": {key.split("__")[1]: value for key, value in search.best_params_.items()},
    }
    done = export(
        Request(
            model=search.best_estimator_,
            samples=texts,
            name=name,
            repository=repository,
            labels=[LABELS],
            title="Sentiment of English sentences",
            about={"description": _DESCRIPTION, "credits": CREDITS},
            metrics=metrics,
        )
    )
    rows, difference = done.parity["rows"], done.parity["largestDifference"]
    print(f"largest difference to scikit-learn on {rows:,} rows: {difference:.1e}")
    print(f"wrote {done.folder}" if done.fresh else f"unchanged: {done.folder} serves the same")
    return done.folder


def held_out_accuracy(texts: list[str], classes: np.ndarray, groups: np.ndarray) -> list[float]:
    """Accuracy on each fold of a search that saw only the other folds."""
    every = np.asarray(texts, dtype=object)
    accuracies = []
    for number, (known, held_out) in enumerate(_folds().split(every, classes, groups), start=1):
        search = _search()
        search.fit(every[known], classes[known], groups=groups[known])
        accuracies.append(float(search.score(every[held_out], classes[held_out])))
        print(f"  fold {number} of {_FOLDS}: {accuracies[-1]:.3f} with {search.best_params_}")
    return accuracies


def _folds() -> StratifiedGroupKFold:
    return StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0)


def _search() -> GridSearchCV:
    """The pipeline and the settings to choose among. liblinear gives the same weights on every machine."""
    pipeline = Pipeline(
        [
            ("features", word_features((1, 2))),
            ("classifier", LogisticRegression(solver="liblinear", tol=1e-6, max_iter=1000)),
        ]
    )
    return GridSearchCV(pipeline, _CHOICES, cv=_folds())
