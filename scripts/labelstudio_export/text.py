"""Reads fitted text vectorizers: CountVectorizer, TfidfVectorizer, HashingVectorizer, TfidfTransformer."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from .errors import ExportError
from .files import VersionFiles
from .nodes import Node, float_dtype
from .token_pattern import check_token_pattern


def read_count_vectorizer(vectorizer: Any, files: VersionFiles, where: str) -> Node:
    """The counts of a fitted CountVectorizer (or of the counting half of a TfidfVectorizer)."""
    _check_fitted(vectorizer, where)
    terms = _terms_by_index(vectorizer.vocabulary_, where)
    dtype = float_dtype(vectorizer.dtype)
    step = _analysis(vectorizer, where) | {
        "binary": bool(vectorizer.binary),
        "terms": {"vocabulary": files.add_json("vocabulary", terms)},
        "width": len(terms),
        "dtype": dtype,
    }
    return Node(step, len(terms), dtype, filled=0)


def read_tfidf_vectorizer(vectorizer: Any, files: VersionFiles, where: str) -> Node:
    """A fitted TfidfVectorizer: counts, then tf-idf."""
    counts = read_count_vectorizer(vectorizer, files, where)
    return read_tfidf_transformer(vectorizer._tfidf, files, where, counts)


def read_tfidf_transformer(transformer: Any, files: VersionFiles, where: str, rows: Node) -> Node:
    """A fitted TfidfTransformer on the rows of `rows`."""
    idf = None
    if transformer.use_idf:
        _check_fitted(transformer, where)
        idf = files.add_array("idf", np.asarray(transformer.idf_, dtype=rows.dtype))
    return rows.then(
        {
            "type": "tfidf",
            "sublinear": bool(transformer.sublinear_tf),
            "idf": idf,
            "norm": transformer.norm,
            "dtype": rows.dtype,
        }
    )


def read_hashing_vectorizer(vectorizer: Any, files: VersionFiles, where: str) -> Node:
    """A HashingVectorizer; it has no fitted state."""
    width = int(vectorizer.n_features)
    dtype = float_dtype(vectorizer.dtype)
    step = _analysis(vectorizer, where) | {
        "binary": bool(vectorizer.binary),
        "terms": {"hashing": {"features": width, "alternateSign": bool(vectorizer.alternate_sign)}},
        "width": width,
        "dtype": dtype,
    }
    node = Node(step, width, dtype, filled=0)
    return node if vectorizer.norm is None else node.then({"type": "normalize", "norm": vectorizer.norm})


def _analysis(vectorizer: Any, where: str) -> dict[str, Any]:
    """How the vectorizer turns a text into terms."""
    for parameter in ("preprocessor", "tokenizer"):
        if getattr(vectorizer, parameter) is not None:
            raise _callable_error(where, parameter, getattr(vectorizer, parameter))
    for parameter in ("analyzer", "strip_accents"):
        if callable(getattr(vectorizer, parameter)):
            raise _callable_error(where, parameter, getattr(vectorizer, parameter))
    if vectorizer.input != "content":
        raise ExportError(
            where,
            f"input={vectorizer.input!r} reads files, and the server gives texts",
            "fit it with input='content'",
        )
    word = vectorizer.analyzer == "word"
    if word:
        check_token_pattern(vectorizer.token_pattern, where)
    stop_words = vectorizer.get_stop_words() if word else None
    return {
        "type": "text",
        "analyzer": vectorizer.analyzer,
        "ngramRange": [int(n) for n in vectorizer.ngram_range],
        "lowercase": bool(vectorizer.lowercase),
        "stripAccents": vectorizer.strip_accents,
        "stopWords": None if stop_words is None else sorted(stop_words),
        "tokenPattern": vectorizer.token_pattern if word else None,
    }


def _terms_by_index(vocabulary: dict[str, int], where: str) -> list[str]:
    terms: list[str] = [""] * len(vocabulary)
    if sorted(int(index) for index in vocabulary.values()) != list(range(len(vocabulary))):
        raise ExportError(where, "its vocabulary's indices are not 0, 1, 2 ...", "fit it again")
    for term, index in vocabulary.items():
        terms[index] = str(term)
    return terms


def _check_fitted(estimator: Any, where: str) -> None:
    try:
        check_is_fitted(estimator)
    except NotFittedError as error:
        raise ExportError(where, "it is not fitted", "call fit() on the pipeline before saving it") from error


def _callable_error(where: str, parameter: str, value: Any) -> ExportError:
    name = getattr(value, "__qualname__", type(value).__name__)
    return ExportError(
        where,
        f"{parameter}={name} is a Python function, which the server cannot run",
        f"fit it without {parameter}=; token_pattern=, lowercase=, strip_accents=, stop_words= are served",
    )
