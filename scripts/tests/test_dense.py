"""Dense heads: each family on the columns of a table, through the server's own code."""

import numpy as np
import pytest
from conftest import POSITIVE, TEXTS, TOPIC
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import CategoricalNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC, NuSVC, NuSVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

SEED = {"random_state": 0}
FOREST = RandomForestClassifier(10, **SEED)
MEMBERS = [("logistic", LogisticRegression()), ("forest", FOREST), ("bayes", GaussianNB())]
CLASSIFIERS = [
    DecisionTreeClassifier(**SEED),
    FOREST,
    ExtraTreesClassifier(10, **SEED),
    GradientBoostingClassifier(n_estimators=8, **SEED),
    GradientBoostingClassifier(n_estimators=8, init="zero", **SEED),
    HistGradientBoostingClassifier(max_iter=8, **SEED),
    AdaBoostClassifier(n_estimators=6, **SEED),
    SVC(),
    SVC(probability=True, **SEED),
    SVC(kernel="poly", break_ties=True),
    NuSVC(nu=0.1),
    KNeighborsClassifier(),
    MLPClassifier(hidden_layer_sizes=(8,), max_iter=100, **SEED),
    GaussianNB(),
    LinearDiscriminantAnalysis(),
    QuadraticDiscriminantAnalysis(reg_param=0.1),
    VotingClassifier(MEMBERS, voting="soft", weights=[1, 2, 3]),
    VotingClassifier(MEMBERS, voting="hard"),
    StackingClassifier(MEMBERS, cv=3),
    StackingClassifier(MEMBERS, final_estimator=FOREST, passthrough=True, cv=3),
    StackingClassifier([("svc", LinearSVC()), ("tree", DecisionTreeClassifier(**SEED))], cv=3),
    BaggingClassifier(n_estimators=5, **SEED),
    BaggingClassifier(LogisticRegression(), n_estimators=4, max_features=0.5, **SEED),
    BaggingClassifier(LinearSVC(), n_estimators=4, **SEED),
    CalibratedClassifierCV(FOREST, cv=3),
    CalibratedClassifierCV(SVC(), cv=3, method="isotonic"),
    GridSearchCV(DecisionTreeClassifier(**SEED), {"max_depth": [2, 4]}, cv=3),
]


@pytest.mark.parametrize("head", CLASSIFIERS, ids=str)
def test_several_classes(exported, wine, head):
    frame, target = wine
    _, record = exported(make_pipeline(StandardScaler(), head).fit(frame, target), frame)
    assert record["outputs"][0]["labels"] == ["red", "rosé", "white"]
    assert record["parity"]["agreement"] == 1.0


@pytest.mark.parametrize("head", CLASSIFIERS, ids=str)
def test_two_classes(exported, cancer, head):
    frame, target = cancer
    _, record = exported(make_pipeline(StandardScaler(), head).fit(frame, target), frame)
    assert record["outputs"][0]["labels"] == ["0", "1"]


def test_categories_of_naive_bayes(exported, wine):
    frame, target = wine
    counts = frame[["alcohol", "hue"]].round().astype(float)
    exported(CategoricalNB(min_categories=20).fit(counts, target), counts.head(8))


@pytest.mark.parametrize(
    "head",
    [
        DecisionTreeRegressor(max_depth=5, **SEED),
        RandomForestRegressor(10, **SEED),
        ExtraTreesRegressor(10, **SEED),
        GradientBoostingRegressor(n_estimators=8, **SEED),
        HistGradientBoostingRegressor(max_iter=8, **SEED),
        HistGradientBoostingRegressor(max_iter=8, loss="poisson", **SEED),
        AdaBoostRegressor(n_estimators=6, **SEED),
        SVR(),
        NuSVR(),
        KNeighborsRegressor(),
        MLPRegressor(hidden_layer_sizes=(8,), max_iter=100, **SEED),
        GaussianProcessRegressor(alpha=0.1, optimizer=None),
        VotingRegressor([("linear", LinearRegression()), ("tree", DecisionTreeRegressor(**SEED))]),
        StackingRegressor([("linear", LinearRegression()), ("tree", DecisionTreeRegressor(**SEED))], cv=3),
        BaggingRegressor(n_estimators=4, max_features=0.5, **SEED),
        BaggingRegressor(Ridge(), n_estimators=4, **SEED),
    ],
    ids=str,
)
def test_regressors(exported, diabetes, head):
    frame, target = diabetes
    _, record = exported(make_pipeline(StandardScaler(), head).fit(frame, target), frame)
    assert record["outputs"][0]["kind"] == "value"


def test_trees_send_missing_values_where_scikit_learn_does(exported, wine):
    frame, target = wine
    holes = frame.mask(np.random.default_rng(0).random(frame.shape) < 0.2)
    for head in (FOREST, DecisionTreeClassifier(**SEED), HistGradientBoostingClassifier(max_iter=8, **SEED)):
        for fitted_on in (frame, holes):
            exported(head.fit(fitted_on, target), holes)


def test_large_numbers_keep_their_digits(exported):
    rng = np.random.default_rng(0)
    values = 1e9 + rng.normal(size=(80, 3))
    target = (values[:, 0] > 1e9).astype(int)
    rows = [dict(zip("abc", row, strict=True)) for row in values.tolist()]
    for head in (FOREST, LogisticRegression(), HistGradientBoostingClassifier(max_iter=5, **SEED)):
        _, record = exported(make_pipeline(StandardScaler(), head).fit(values, target), rows)
        assert record["parity"]["largestDifference"] < 1e-6


@pytest.mark.parametrize(
    "head",
    [
        FOREST,
        SVC(),
        VotingClassifier([("logistic", LogisticRegression()), ("forest", FOREST)], voting="soft"),
        StackingClassifier([("bayes", MultinomialNB()), ("svc", LinearSVC())], cv=3),
    ],
    ids=str,
)
def test_dense_heads_on_texts(exported, head):
    exported(make_pipeline(TfidfVectorizer(), head).fit(TEXTS, TOPIC), TEXTS)


def test_pipelines_inside_an_ensemble(exported):
    members = [
        ("words", make_pipeline(TfidfVectorizer(), LogisticRegression())),
        ("chars", make_pipeline(TfidfVectorizer(analyzer="char"), MultinomialNB())),
    ]
    _, record = exported(VotingClassifier(members, voting="soft").fit(TEXTS, POSITIVE), TEXTS)
    assert record["parity"]["largestDifference"] < 1e-12
    calibrated = CalibratedClassifierCV(make_pipeline(CountVectorizer(), LinearSVC()), cv=3)
    exported(calibrated.fit(TEXTS, POSITIVE), TEXTS)


def test_support_vectors_say_what_predict_says(exported, cancer):
    frame, target = cancer
    _, record = exported(make_pipeline(StandardScaler(), SVC(probability=True)).fit(frame, target), frame)
    assert record["outputs"][0]["decision"] == {"rule": "label", "tensor": "label"}
    _, record = exported(make_pipeline(StandardScaler(), SVC()).fit(frame, target), frame)
    assert record["outputs"][0]["kind"] == "scores"
