"""Vectorizers: what scikit-learn computes is what the server computes, on texts of every kind."""

import numpy as np
import pytest
from conftest import POSITIVE, TEXTS
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import FeatureUnion, make_pipeline

from labelstudio_export.errors import ExportError
from labelstudio_export.samples import HARD_TEXTS, long_text

# Fitted on hard texts too, so that the vocabularies hold their terms.
CORPUS = TEXTS + list(HARD_TEXTS)
TARGET = np.concatenate([POSITIVE, np.arange(len(HARD_TEXTS)) % 2])

VECTORIZERS = {
    "words": TfidfVectorizer(),
    "single letters, (1, 3)": TfidfVectorizer(token_pattern=r"(?u)\b\w\w+\b|\w", ngram_range=(1, 3)),
    "sublinear": TfidfVectorizer(sublinear_tf=True),
    "stop words, (1, 2)": TfidfVectorizer(stop_words="english", ngram_range=(1, 2)),
    "max_features, (1, 2)": TfidfVectorizer(max_features=60, ngram_range=(1, 2)),
    "min_df": TfidfVectorizer(min_df=2, ngram_range=(1, 2)),
    "binary, l1": TfidfVectorizer(binary=True, norm="l1"),
    "no norm, no idf": TfidfVectorizer(norm=None, use_idf=False),
    "char (2, 4)": TfidfVectorizer(analyzer="char", ngram_range=(2, 4)),
    "char_wb (3, 5)": TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5)),
    "accents, unicode": TfidfVectorizer(strip_accents="unicode"),
    "accents, ascii": TfidfVectorizer(strip_accents="ascii", lowercase=False),
    "hashing": HashingVectorizer(n_features=512),
    "union with weights": FeatureUnion(
        [
            ("words", TfidfVectorizer(ngram_range=(1, 2))),
            ("chars", TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3))),
            ("left out", "drop"),
        ],
        transformer_weights={"words": 1.0, "chars": 0.3},
    ),
    "counts": CountVectorizer(),
    "binary hashing of characters": HashingVectorizer(
        n_features=256, analyzer="char", ngram_range=(1, 2), binary=True, alternate_sign=False, norm="l1"
    ),
    "counts, then tf-idf": make_pipeline(CountVectorizer(binary=True), TfidfTransformer(sublinear_tf=True)),
    "a pattern with a group": TfidfVectorizer(token_pattern=r"\b(\w+)[.!]"),
    "a pattern with look-arounds": TfidfVectorizer(token_pattern=r"(?i)(?<!\w)[a-z']+(?!\S)"),
    "a pattern with spaces": TfidfVectorizer(token_pattern=r"\w+ \w+|\S+", ngram_range=(1, 2)),
    "a given vocabulary": CountVectorizer(vocabulary=["great", "waste", "no", "food"]),
}


@pytest.mark.parametrize("vectorizer", VECTORIZERS.values(), ids=VECTORIZERS.keys())
def test_vectorizer(exported, vectorizer):
    # Hashing in scikit-learn does not take lone surrogates.
    known = [index for index, text in enumerate(CORPUS) if "\ud83d" not in text]
    texts = [CORPUS[index] for index in known]
    model = make_pipeline(vectorizer, LogisticRegression(C=10)).fit(texts, TARGET[known])
    _, record = exported(model, [*TEXTS, long_text(texts)])
    assert record["parity"]["largestDifference"] < 1e-9
    assert record["parity"]["agreement"] == 1.0


def test_counts_of_a_long_text_stay_exact(exported):
    model = make_pipeline(CountVectorizer(), MultinomialNB()).fit(CORPUS, TARGET)
    _, record = exported(model, [long_text(TEXTS, 1_000_000)])
    assert record["parity"]["largestDifference"] < 1e-9


def shout(text):
    return text.upper()


@pytest.mark.parametrize(
    ("vectorizer", "message"),
    [
        (TfidfVectorizer(tokenizer=str.split, token_pattern=None), "tokenizer=.*split is a Python function"),
        (TfidfVectorizer(preprocessor=shout), "preprocessor=shout is a Python function"),
        (TfidfVectorizer(analyzer=str.split), "analyzer=.*split is a Python function"),
        (TfidfVectorizer(strip_accents=shout), "strip_accents=shout is a Python function"),
        (TfidfVectorizer(token_pattern=r"(?s)\b[a-z]+\b"), r"uses a flag other than \(\?u\) and \(\?i\)"),
        (TfidfVectorizer(token_pattern=r"(?i)\b[a-zé]+\b"), r"token_pattern .* cannot be carried over"),
        (TfidfVectorizer(token_pattern=r"(?:(\w)\w*)\1?"), "uses groupref"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refuses_by_name_what_the_server_cannot_compute(exported, vectorizer, message):
    model = make_pipeline(vectorizer, LogisticRegression()).fit(TEXTS, POSITIVE)
    with pytest.raises(ExportError, match=message) as refused:
        exported(model, TEXTS)
    assert "\n" not in str(refused.value)


def test_refuses_logarithms_of_negative_counts(exported):
    model = make_pipeline(HashingVectorizer(n_features=64, norm=None), TfidfTransformer(sublinear_tf=True))
    with pytest.raises((ExportError, ValueError)):
        exported(make_pipeline(model, LogisticRegression()).fit(TEXTS, POSITIVE), TEXTS)
