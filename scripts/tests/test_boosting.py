"""LightGBM and XGBoost."""

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from labelstudio_export.errors import ExportError

lightgbm = pytest.importorskip("lightgbm")
xgboost = pytest.importorskip("xgboost")

LIGHT = {"n_estimators": 8, "num_leaves": 7, "verbose": -1, "n_jobs": 1}
EXTREME = {"n_estimators": 8, "max_depth": 3, "n_jobs": 1}
HOLES = np.random.default_rng(0)


def with_holes(frame):
    return frame.mask(HOLES.random(frame.shape) < 0.1)


@pytest.mark.parametrize("objective", ["multiclass", "multiclassova"])
def test_lightgbm_classes(exported, wine, objective):
    frame, target = wine
    for rows in (frame, with_holes(frame)):
        exported(lightgbm.LGBMClassifier(objective=objective, **LIGHT).fit(rows, target), with_holes(frame))


def test_lightgbm_two_classes(exported, cancer):
    frame, target = cancer
    for boosting in ("gbdt", "dart"):
        exported(lightgbm.LGBMClassifier(boosting_type=boosting, **LIGHT).fit(frame, target), frame)
    forest = lightgbm.LGBMClassifier(boosting_type="rf", bagging_freq=1, bagging_fraction=0.5, **LIGHT)
    exported(forest.fit(frame, target), frame)


@pytest.mark.parametrize("objective", ["regression", "poisson", "quantile", "regression_l1"])
def test_lightgbm_numbers(exported, diabetes, objective):
    frame, target = diabetes
    exported(lightgbm.LGBMRegressor(objective=objective, **LIGHT).fit(frame, target), frame)


def test_xgboost_classes(exported, wine):
    frame, target = wine
    codes = np.unique(target, return_inverse=True)[1]
    for rows in (frame, with_holes(frame)):
        model = xgboost.XGBClassifier(**EXTREME).fit(rows, codes)
        exported(model, with_holes(frame), labels=[["red", "rosé", "white"]])


def test_xgboost_two_classes(exported, cancer):
    frame, target = cancer
    exported(xgboost.XGBClassifier(booster="dart", rate_drop=0.3, **EXTREME).fit(frame, target), frame)
    exported(xgboost.XGBRFClassifier(**EXTREME).fit(frame, target), frame)


def test_xgboost_stops_early(exported, cancer):
    frame, target = cancer
    known, held_out, classes, held_out_classes = train_test_split(frame, target, random_state=0)
    model = xgboost.XGBClassifier(n_estimators=60, max_depth=3, early_stopping_rounds=2, n_jobs=1)
    model.fit(known, classes, eval_set=[(held_out, held_out_classes)], verbose=False)
    assert model.best_iteration < 59
    exported(model, frame)


@pytest.mark.parametrize("objective", ["reg:squarederror", "count:poisson", "reg:absoluteerror"])
def test_xgboost_numbers(exported, diabetes, objective):
    frame, target = diabetes
    exported(xgboost.XGBRegressor(objective=objective, **EXTREME).fit(frame, target), frame)


def test_xgboost_labels(exported, wine):
    frame, target = wine
    labels = np.stack([target == "red", target == "white"], axis=1).astype(int)
    model = xgboost.XGBClassifier(**EXTREME).fit(frame, labels)
    _, record = exported(model, frame, labels=[["red", "white"]])
    assert record["outputs"][0]["decision"]["rule"] == "threshold"


def test_refuses_categorical_splits(exported, wine):
    frame, target = wine
    coded = frame[["hue"]].mul(4).round().astype(int)
    model = lightgbm.LGBMClassifier(min_data_per_group=1, **LIGHT)
    model.fit(coded, target, categorical_feature=["hue"])
    with pytest.raises(ExportError, match="it has categorical features; encode categories in a step before"):
        exported(model, coded)
