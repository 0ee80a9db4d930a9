"""Columns of a table: numbers, categories and texts, by the names that the pipeline was fitted with."""

import numpy as np
import pandas as pd
import pytest
from conftest import POSITIVE, TEXTS, TOPIC
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)

from labelstudio_export.errors import ExportError

NUMBERS = ["age", "income"]
WORDS = ["city", "colour"]


@pytest.fixture
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    count = len(TEXTS)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 90, count).astype(float),
            "city": rng.choice(["Paris", "Łódź", "New York", "7"], count, p=[0.5, 0.3, 0.15, 0.05]),
            "income": rng.lognormal(10, 1, count),
            "text": TEXTS,
            "colour": rng.choice(["red", "blue"], count),
            "size": rng.choice([1, 2, 3], count),
            "member": rng.choice([True, False], count),
        }
    )
    frame.loc[::7, "age"] = np.nan
    return frame


ENCODERS = {
    "one-hot": OneHotEncoder(handle_unknown="ignore"),
    "one-hot, dropped": OneHotEncoder(drop="first"),
    "one-hot, binary dropped": OneHotEncoder(drop="if_binary", handle_unknown="ignore"),
    "one-hot, infrequent": OneHotEncoder(min_frequency=9, handle_unknown="infrequent_if_exist"),
    "ordinal": OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
    "ordinal, strict": OrdinalEncoder(),
}


@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=ENCODERS.keys())
@pytest.mark.parametrize("head", [LogisticRegression(), RandomForestClassifier(5, random_state=0)], ids=str)
def test_columns(exported, table, encoder, head):
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    columns = ColumnTransformer(
        [("numbers", numbers, NUMBERS), ("words", encoder, [*WORDS, "size", "member"])],
        transformer_weights={"numbers": 0.5},
    )
    done, record = exported(make_pipeline(columns, head).fit(table, TOPIC), table)
    assert record["parity"]["agreement"] == 1.0
    manifest = (done.folder.parent.parent / "model.json").read_text()
    assert '"text"' not in manifest and '"city"' in manifest


@pytest.mark.parametrize(
    "scaler",
    [
        StandardScaler(),
        RobustScaler(),
        MinMaxScaler((-1, 2)),
        MaxAbsScaler(),
        PCA(2, whiten=True),
        VarianceThreshold(),
    ],
    ids=str,
)
def test_scalers(exported, table, scaler):
    model = make_pipeline(SimpleImputer(), scaler, RandomForestClassifier(5, random_state=0))
    exported(model.fit(table[NUMBERS], TOPIC), table[NUMBERS])


def test_text_and_numbers_stay_sparse(exported, table):
    columns = ColumnTransformer(
        [
            ("text", TfidfVectorizer(), "text"),
            ("numbers", SimpleImputer(), NUMBERS),
            ("city", OneHotEncoder(), ["city"]),
        ]
    )
    done, _ = exported(make_pipeline(columns, MaxAbsScaler(), LogisticRegression()).fit(table, TOPIC), table)
    assert b'"layout":"sparse"' in (done.folder / "features.json").read_bytes()


def test_the_columns_are_the_resolved_ones(exported, table):
    columns = ColumnTransformer(
        [
            ("words", OneHotEncoder(handle_unknown="ignore"), make_column_selector("city|colour")),
            ("positions", SimpleImputer(strategy="constant", fill_value=-1), [2, 0]),
            ("gone", "drop", ["member"]),
            ("kept", "passthrough", slice("size", "size")),
        ],
        remainder="drop",
    )
    exported(make_pipeline(columns, LogisticRegression()).fit(table, TOPIC), table)


def test_the_columns_that_are_left_are_those_of_the_fit(exported, table):
    rest = ColumnTransformer([("age", SimpleImputer(), ["age"])], remainder=StandardScaler())
    exported(
        make_pipeline(rest, LogisticRegression()).fit(table[["income", "age"]], TOPIC),
        table[["age", "income"]],
    )


def test_an_imputer_before_an_encoder(exported, table):
    table.loc[::5, "city"] = np.nan
    for strategy in ("most_frequent", "constant"):
        words = make_pipeline(SimpleImputer(strategy=strategy), OneHotEncoder(handle_unknown="ignore"))
        columns = ColumnTransformer([("words", words, WORDS), ("age", SimpleImputer(), ["age"])])
        exported(make_pipeline(columns, LogisticRegression()).fit(table, TOPIC), table)


def test_missing_categories_are_a_category(exported, table):
    table.loc[::5, "city"] = np.nan
    for encoder in (OneHotEncoder(handle_unknown="ignore"), OrdinalEncoder(encoded_missing_value=-2)):
        head = RandomForestClassifier(5, random_state=0)
        exported(make_pipeline(encoder, head).fit(table[WORDS], TOPIC), table[WORDS])


def test_a_union_of_numbers(exported, table):
    union = FeatureUnion(
        [("as they are", "passthrough"), ("main", PCA(1))], transformer_weights={"main": 2.0}
    )
    model = make_pipeline(SimpleImputer(), union, LogisticRegression())
    exported(model.fit(table[NUMBERS], POSITIVE), table[NUMBERS])


def test_without_names_the_samples_name_the_columns(exported, table):
    rows = table[NUMBERS].fillna(0)
    done, _ = exported(
        make_pipeline(StandardScaler(), LogisticRegression()).fit(rows.to_numpy(), TOPIC), rows
    )
    assert '"age"' in (done.folder.parent.parent / "model.json").read_text()
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows.to_numpy(), TOPIC)
    with pytest.raises(ExportError, match=r"it has 1 columns .'age'., and the model was fitted with 2"):
        exported(model, rows[["age"]])


@pytest.mark.parametrize("function", [np.log1p, None])
def test_transformed_targets(exported, table, function):
    how = (
        {"transformer": StandardScaler()}
        if function is None
        else {"func": function, "inverse_func": np.expm1}
    )
    model = TransformedTargetRegressor(Ridge(), **how).fit(table[["size"]], table["income"])
    exported(model, table[["size"]])


def test_refuses_a_step_that_the_server_cannot_compute(exported, table):
    model = make_pipeline(SimpleImputer(), PolynomialFeatures(), LogisticRegression()).fit(
        table[NUMBERS], TOPIC
    )
    with pytest.raises(
        ExportError, match=r"Pipeline.polynomialfeatures: the server cannot compute .*PolynomialFeatures"
    ):
        exported(model, table[NUMBERS])


def test_refuses_samples_without_the_columns(exported, table):
    model = make_pipeline(SimpleImputer(), LogisticRegression()).fit(table[NUMBERS], TOPIC)
    with pytest.raises(ExportError, match="--samples: the column 'income' is missing"):
        exported(model, table[["age"]])


def test_none_is_a_category_of_its_own(exported, table):
    table["city"] = table["city"].where(np.arange(len(table)) % 5 > 0, None)
    model = make_pipeline(OrdinalEncoder(), RandomForestClassifier(5, random_state=0))
    exported(model.fit(table[WORDS], TOPIC), table[WORDS])
