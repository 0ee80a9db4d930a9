"""Texts to one label or several: TF-IDF and logistic regression."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline

from .job import Job
from .reports import fail
from .scores import cross_validate
from .targets import Targets

# So that a version of very many texts stays small: the most frequent terms are kept.
_TERMS = 100_000
DEFAULTS = {"words": [1, 2], "characters": [2, 4], "C": 10.0}


def train(job: Job) -> None:
    """Trains on the tasks' texts.

    Options: `words` and `characters` are the sizes of the terms, as [least, most], or null; `C` is that of
    LogisticRegression.
    """
    options = _options(job.options)
    examples = [example for example in job.examples if isinstance(example.value, str)]
    if not examples:
        fail(f"no annotated task has a text {job.shown}")
    texts = [example.value for example in examples]
    targets = Targets.read([example.target for example in examples])
    if targets.kind == "value":
        fail(f"{job.output['from_name']!r} holds numbers, and this trainer learns labels")
    every = np.array(texts, dtype=object)
    model = pipeline(targets, options)
    told = f"on {len(texts)} texts with {len(targets.labels)} labels"

    def tell(done: float) -> None:
        job.report(0.1 + 0.5 * done, f"measuring {told}")

    tell(0)
    try:
        metrics = cross_validate(model, lambda rows: every[rows], targets, tell)
        job.report(0.65, f"fitting {told}")
        model.fit(texts, targets.y)
    except ValueError as error:
        if "empty vocabulary" not in str(error):
            raise
        fail(f"the texts {job.shown} have too few words to learn from")
    job.write(model, texts, [targets.labels], metrics | {"settings": options})


def pipeline(targets: Targets, options: dict[str, Any]) -> Any:
    """What is fitted. Pieces of words help with few texts, and with scripts that have no spaces."""
    parts = []
    if options["words"] is not None:
        parts.append(("words", word_features(options["words"])))
    if options["characters"] is not None:
        pieces = TfidfVectorizer(
            analyzer="char_wb",
            ngram_range=tuple(options["characters"]),
            sublinear_tf=True,
            max_features=_TERMS,
        )
        parts.append(("characters", pieces))
    # Of the solvers the quickest for a few rows of many features.
    classifier: Any = LogisticRegression(C=options["C"], solver="newton-cg")
    if targets.kind == "multiple":
        classifier = OneVsRestClassifier(classifier)
    return make_pipeline(FeatureUnion(parts), classifier)


def word_features(ngrams: tuple[int, int] | list[int]) -> TfidfVectorizer:
    """TF-IDF of words. One-letter words stay: "I" and "a", and what is left of "don't"."""
    return TfidfVectorizer(
        ngram_range=tuple(ngrams), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b", max_features=_TERMS
    )


def _options(given: dict[str, Any]) -> dict[str, Any]:
    unknown = set(given) - set(DEFAULTS)
    if unknown:
        fail(f"the option {min(unknown)!r} in model.json is not known: there are {', '.join(DEFAULTS)}")
    options = DEFAULTS | given
    for name in ("words", "characters"):
        if not _is_range(options[name]):
            _refuse(name, options[name], "two sizes such as [1, 2], or null")
    if options["words"] is None and options["characters"] is None:
        _refuse("words", None, "two sizes, because 'characters' is null too")
    if not isinstance(options["C"], int | float) or not options["C"] > 0:
        _refuse("C", options["C"], "a number above 0")
    return options


def _refuse(name: str, value: Any, wanted: str) -> None:
    fail(f"the option {name!r} in model.json is {value!r}: give {wanted}")


def _is_range(value: Any) -> bool:
    if value is None:
        return True
    sizes = isinstance(value, list) and len(value) == 2 and all(type(size) is int for size in value)
    return sizes and 1 <= value[0] <= value[1] <= 10
