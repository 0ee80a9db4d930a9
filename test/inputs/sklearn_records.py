"""Fits scikit-learn's transformers of records and texts and writes what they compute.

    python sklearn_records.py FOLDER

Each configuration becomes `FOLDER/<name>/` with features.json and its files, and `expected.json`: the
values and their rows, `[indices, values]` each (NaN as null), or null where scikit-learn raises.
"""

from __future__ import annotations

import json
import math
import random
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "scripts")]
from labelstudio_export.context import Context, Raw  # noqa: E402
from labelstudio_export.steps import read_steps  # noqa: E402
from sklearn_features import SENTENCES, VALID, Node, VersionFiles, random_texts, write_version  # noqa: E402

COLUMNS = {
    "age": "number", "income": "number", "empty": "number",
    "city": "category", "grade": "category", "member": "category",
    "review": "text",
}  # fmt: skip
NUMBERS = ["age", "income", "empty"]
CITIES = ["Ulm", "Bonn", "Köln", "Ulm ", "", "Celle", math.nan]


def records(seed: int, count: int, *, strange: bool) -> pd.DataFrame:
    """Records with missing values; `strange` ones also have categories that were not fitted."""
    rng = random.Random(seed)
    texts = SENTENCES + VALID
    rows = []
    for index in range(count):
        rows.append(
            {
                "age": rng.choice([math.nan, rng.uniform(0, 90), rng.randrange(90), -1.0]),
                "income": rng.choice([math.nan, rng.gauss(1e9, 1), 0.0]),
                "empty": math.nan if not strange else 5.0,
                "city": rng.choices(CITIES + ["Rom"] * strange, [9, 7, 5, 3, 2, 2, 2] + [3] * strange)[0],
                "grade": rng.choice([1, 2, 3, 4.5] + [9] * strange),
                "member": rng.choice([True, False]),
                "review": texts[index % len(texts)],
            }
        )
    frame = pd.DataFrame(rows)
    return frame.astype(
        {"age": float, "income": float, "empty": float, "grade": float, "member": bool, "city": object}
    )


def read(model, files: VersionFiles, data: Raw) -> Node:
    """The model as the exporter reads it."""
    return read_steps(Context(files), [("model", model)], data, "test")


IMPUTED = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
RECORDS = {
    "mixed": ColumnTransformer(
        [
            ("text", TfidfVectorizer(ngram_range=(1, 2)), "review"),
            ("numbers", IMPUTED, ["age", "income"]),
            ("city", OneHotEncoder(handle_unknown="ignore"), ["city", "grade", "member"]),
        ],
        transformer_weights={"text": 0.5, "city": 2},
    ),
    "rest": ColumnTransformer(
        [
            ("city", OneHotEncoder(handle_unknown="ignore", drop="first"), ["city", "grade"]),
            ("x", "drop", ["empty", "review"]),
        ],
        remainder="passthrough",
    ),
    "drop-binary": ColumnTransformer([("a", OneHotEncoder(drop="if_binary"), ["grade", "member"])]),
    "infrequent": ColumnTransformer(
        [
            ("a", OneHotEncoder(min_frequency=20, handle_unknown="infrequent_if_exist"), ["city", "grade"]),
            ("b", OneHotEncoder(min_frequency=20, drop="first", handle_unknown="ignore"), ["city"]),
        ]
    ),
    "infrequent-dropped": ColumnTransformer(
        [
            (
                "a",
                OneHotEncoder(min_frequency=40, drop="if_binary", handle_unknown="infrequent_if_exist"),
                ["city", "grade"],
            )
        ]
    ),
    "ordinal": ColumnTransformer(
        [
            ("a", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["city", "grade"]),
            (
                "b",
                OrdinalEncoder(
                    handle_unknown="use_encoded_value", unknown_value=math.nan, encoded_missing_value=-2
                ),
                ["city"],
            ),
        ]
    ),
    "filled": ColumnTransformer(
        [
            ("a", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()), ["city", "grade"]),
            ("b", make_pipeline(SimpleImputer(strategy="most_frequent"), OrdinalEncoder()), ["city"]),
        ]
    ),
    "ordinal-strict": ColumnTransformer([("a", OrdinalEncoder(), ["city", "member"])]),
    "one-hot-strict": ColumnTransformer([("a", OneHotEncoder(), ["grade", "city"])]),
    "scalers": ColumnTransformer(
        [
            ("a", MinMaxScaler(feature_range=(-1, 2)), ["age", "income"]),
            ("b", RobustScaler(), ["income", "age"]),
            ("c", MaxAbsScaler(), ["age"]),
            ("d", make_pipeline(SimpleImputer(strategy="mean"), Normalizer(norm="max")), NUMBERS),
            ("e", SimpleImputer(keep_empty_features=True), NUMBERS),
            (
                "f",
                make_pipeline(
                    SimpleImputer(), SimpleImputer(missing_values=0, strategy="median", add_indicator=True)
                ),
                ["income"],
            ),
            (
                "g",
                make_pipeline(SimpleImputer(), SimpleImputer(missing_values=-1, strategy="most_frequent")),
                ["age"],
            ),
        ]
    ),
}
TEXTS = {
    "select": make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), SelectKBest(chi2, k=50), MaxAbsScaler()),
    "standard": make_pipeline(CountVectorizer(), StandardScaler(with_mean=False), Normalizer(norm="l1")),
    "svd": make_pipeline(TfidfVectorizer(sublinear_tf=True), TruncatedSVD(6, random_state=0), Normalizer()),
    "svd-scaled": make_pipeline(
        HashingVectorizer(n_features=64), TruncatedSVD(5, random_state=0), StandardScaler()
    ),
    "single": make_pipeline(
        TfidfVectorizer(dtype=np.float32), StandardScaler(with_mean=False), Normalizer("max")
    ),
    "projected-twice": make_pipeline(TfidfVectorizer(), TruncatedSVD(6, random_state=0), PCA(3, whiten=True)),
    "branches": make_pipeline(
        CountVectorizer(),
        FeatureUnion(
            [("best", SelectKBest(chi2, k=20)), ("topics", TruncatedSVD(4, random_state=0))],
            transformer_weights={"topics": 10},
        ),
    ),
}


def entries(found):
    """A row's entries; NaN as None, which JSON can hold."""
    row = sparse.csr_matrix(found.astype(float))
    row.sort_indices()
    return [row.indices.tolist(), [None if math.isnan(value) else value for value in row.data.tolist()]]


def row(model, values):
    try:
        return entries(model.transform(values))
    except ValueError:
        return None


def main(folder: Path) -> None:
    warnings.simplefilter("ignore")
    columns = [{"name": name, "kind": kind} for name, kind in COLUMNS.items()]
    fitted, given = records(1, 300, strange=False), records(2, 150, strange=True)
    plain = [[as_json(given[name].iloc[i]) for name in COLUMNS] for i in range(len(given))]
    for name, model in RECORDS.items():
        rows = model.fit(fitted).transform(fitted)
        files = VersionFiles()
        node = read(model, files, Raw(tuple(COLUMNS)))
        layout = "sparse" if sparse.issparse(rows) else "dense"
        write_version(folder / name, node, files, input="record", columns=columns, layout=layout)
        expected = [row(model, given.iloc[[i]]) for i in range(len(given))]
        (folder / name / "expected.json").write_text(json.dumps({"texts": plain, "rows": expected}))
    lines = SENTENCES * 3 + VALID + random_texts(1, 50)
    texts = SENTENCES + VALID + random_texts(2, 100)
    for name, model in TEXTS.items():
        rows = model.fit(lines, [i % 2 for i in range(len(lines))]).transform(lines)
        files = VersionFiles()
        node = read(model, files, Raw())
        layout = "sparse" if sparse.issparse(rows) else "dense"
        write_version(folder / name, node, files, input="text", layout=layout)
        expected = [row(model, [text]) for text in texts]
        (folder / name / "expected.json").write_text(json.dumps({"texts": texts, "rows": expected}))


def as_json(value):
    """A cell as a task would hold it."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and math.isnan(value) else value


if __name__ == "__main__":
    main(Path(sys.argv[1]))
