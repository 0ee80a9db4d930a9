"""Classifiers of one target: name -> (model, data)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from data import CANCER, CANCER_HOLES, COUNTS, DIGITS, MOODS, TOPICS, WINE, WINE_HOLES, Data
from lightgbm import LGBMClassifier
from sklearn import discriminant_analysis, ensemble, linear_model, multiclass
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Perceptron, SGDClassifier
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.svm import SVC, LinearSVC, NuSVC
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier
from xgboost import XGBClassifier, XGBRFClassifier

SEED = {"random_state": 0}
FEW = {"n_estimators": 5, **SEED}
SMALL = {"hidden_layer_sizes": (8,), "max_iter": 80, **SEED}
Case = tuple[str, Any, Data]


def scaled(head: Any) -> Any:
    """A model on scaled columns."""
    return make_pipeline(StandardScaler(), head)


def classifiers() -> Iterator[Case]:
    """Of two classes, of three, and ten."""
    log_loss = {"max_iter": 300, **SEED}
    heads = {
        "LogisticRegression": LogisticRegression(),
        "LogisticRegressionCV": linear_model.LogisticRegressionCV(Cs=2, cv=2, use_legacy_attributes=False),
        "SGD hinge": SGDClassifier(**log_loss),
        "SGD log loss": SGDClassifier(loss="log_loss", **log_loss),
        "SGD modified Huber": SGDClassifier(loss="modified_huber", **log_loss),
        "Perceptron": Perceptron(**SEED),
        "PassiveAggressive": linear_model.PassiveAggressiveClassifier(**SEED),
        "RidgeClassifier": linear_model.RidgeClassifier(),
        "RidgeClassifierCV": linear_model.RidgeClassifierCV(),
        "LinearSVC": LinearSVC(**SEED),
        "SVC": SVC(),
        "SVC polynomial": SVC(kernel="poly", degree=2),
        "SVC probability": SVC(probability=True, **SEED),
        "NuSVC": NuSVC(nu=0.2),
        "KNeighbors": KNeighborsClassifier(),
        "MLP": MLPClassifier(**SMALL),
        "GaussianNB": GaussianNB(),
        "LDA": discriminant_analysis.LinearDiscriminantAnalysis(),
        "QDA": discriminant_analysis.QuadraticDiscriminantAnalysis(reg_param=0.1),
        "DecisionTree": DecisionTreeClassifier(**SEED),
        "ExtraTree": ExtraTreeClassifier(**SEED),
        "RandomForest": ensemble.RandomForestClassifier(**FEW),
        "ExtraTrees": ensemble.ExtraTreesClassifier(**FEW),
        "Bagging": ensemble.BaggingClassifier(max_features=0.5, **FEW),
        "Bagging of scores": ensemble.BaggingClassifier(LinearSVC(), **FEW),
        "AdaBoost": ensemble.AdaBoostClassifier(**FEW),
        "GradientBoosting": ensemble.GradientBoostingClassifier(**FEW),
        "HistGradientBoosting": ensemble.HistGradientBoostingClassifier(max_iter=5, **SEED),
        "Voting": ensemble.VotingClassifier([("a", GaussianNB()), ("b", DecisionTreeClassifier(**SEED))]),
        "Voting soft": ensemble.VotingClassifier(
            [("a", GaussianNB()), ("b", LogisticRegression())], voting="soft", weights=[2, 1]
        ),
        "Stacking": ensemble.StackingClassifier(
            [("a", GaussianNB()), ("b", LinearSVC(**SEED))], LogisticRegression(), cv=2
        ),
        "Calibrated sigmoid": CalibratedClassifierCV(LinearSVC(**SEED), cv=2),
        "Calibrated isotonic": CalibratedClassifierCV(GaussianNB(), method="isotonic", cv=2),
        "OneVsRest": multiclass.OneVsRestClassifier(LogisticRegression()),
        "OneVsRest of scores": multiclass.OneVsRestClassifier(LinearSVC(**SEED)),
        "OneVsOne": multiclass.OneVsOneClassifier(LogisticRegression()),
        "GridSearch": GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=2),
        "RandomizedSearch": RandomizedSearchCV(LogisticRegression(), {"C": [0.1, 1]}, n_iter=1, cv=2, **SEED),
        "HalvingGridSearch": HalvingGridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=2, **SEED),
        "HalvingRandomSearch": HalvingRandomSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=2, **SEED),
        "LightGBM": LGBMClassifier(verbose=-1, **FEW),
        "XGBoost": XGBClassifier(**FEW),
        "XGBoost forest": XGBRFClassifier(**FEW),
    }
    # XGBoost takes numbered classes alone.
    numbered = WINE.with_target(np.unique(WINE.target, return_inverse=True)[1])
    for name, head in heads.items():
        yield f"{name}, two classes", scaled(head), CANCER
        yield f"{name}, three classes", scaled(head), numbered if "XGB" in name else WINE
    for name in ("SVC", "KNeighbors", "MLP", "RandomForest", "LogisticRegression"):
        yield f"{name}, digits", make_pipeline(MinMaxScaler(), heads[name]), DIGITS
    half = LogisticRegression()
    yield "FixedThreshold", scaled(FixedThresholdClassifier(half, threshold=0.8)), CANCER
    yield "TunedThreshold", scaled(TunedThresholdClassifierCV(half, cv=2, **SEED)), CANCER
    yield "SelfTraining", SelfTrainingClassifier(scaled(half)), CANCER
    frozen = scaled(half).fit(CANCER.fit, CANCER.target)
    yield "Frozen, calibrated", CalibratedClassifierCV(FrozenEstimator(frozen)), CANCER
    for head in (MultinomialNB(), ComplementNB(), ComplementNB(norm=True), BernoulliNB(binarize=3.0)):
        yield f"{head}, counts", head, COUNTS
    yield (
        "CategoricalNB, counts",
        CategoricalNB(min_categories=40),
        COUNTS.mapped(lambda frame: frame.astype(int)),
    )


def classifiers_with_missing() -> Iterator[Case]:
    """Those that take NaN, each fitted with and without it, and those behind an imputer."""
    heads = {
        "HistGradientBoosting": ensemble.HistGradientBoostingClassifier(max_iter=5, **SEED),
        "DecisionTree": DecisionTreeClassifier(**SEED),
        "RandomForest": ensemble.RandomForestClassifier(**FEW),
        "ExtraTrees": ensemble.ExtraTreesClassifier(**FEW),
        "LightGBM": LGBMClassifier(verbose=-1, **FEW),
        "XGBoost": XGBClassifier(**FEW),
    }
    for name, head in heads.items():
        whole = CANCER.with_held_out(CANCER_HOLES.held_out)
        yield f"{name}, NaN seen", head, CANCER_HOLES
        yield f"{name}, NaN never seen", head, whole
    for name in ("HistGradientBoosting", "RandomForest", "LightGBM"):
        yield f"{name}, three classes, NaN seen", heads[name], WINE_HOLES
    for head in (LogisticRegression(), KNeighborsClassifier(), SVC()):
        model = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler(), head)
        yield f"{type(head).__name__}, NaN imputed", model, WINE_HOLES


def classifiers_of_columns() -> Iterator[Case]:
    """Categories beside numbers, which together are sparse rows."""
    for head in (KNeighborsClassifier(), LogisticRegression(), SVC(), ensemble.RandomForestClassifier(**FEW)):
        columns = make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), ["ash"]),
            (StandardScaler(), ["proline", "hue", "alcohol"]),
            sparse_threshold=1.0,
        )
        yield f"{type(head).__name__}, sparse rows", make_pipeline(columns, head), WINE


def classifiers_of_texts() -> Iterator[Case]:
    """Linear models and naive Bayes on sparse rows, others on dense ones."""
    heads = [
        LogisticRegression(),
        linear_model.LogisticRegressionCV(Cs=2, cv=2, use_legacy_attributes=False),
        SGDClassifier(loss="modified_huber", **SEED),
        SGDClassifier(**SEED),
        Perceptron(**SEED),
        linear_model.PassiveAggressiveClassifier(**SEED),
        linear_model.RidgeClassifier(),
        LinearSVC(**SEED),
        MultinomialNB(),
        ComplementNB(norm=True),
        BernoulliNB(),
        CalibratedClassifierCV(LinearSVC(**SEED), cv=2),
        multiclass.OneVsRestClassifier(LogisticRegression()),
        ensemble.RandomForestClassifier(**FEW),
        KNeighborsClassifier(),
        SVC(kernel="linear"),
        MLPClassifier(**SMALL),
    ]
    for number, head in enumerate(heads):
        vectorizer = CountVectorizer() if number % 3 == 2 else TfidfVectorizer(ngram_range=(1, 2))
        yield f"{head}, two classes of texts", make_pipeline(vectorizer, head), MOODS
        yield f"{head}, three classes of texts", make_pipeline(vectorizer, head), TOPICS
