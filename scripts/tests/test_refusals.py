"""Models that cannot be exported exactly are refused by name, with what to change."""

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, IsolationForest
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor, RadiusNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
from sklearn.svm import SVC

from labelstudio_export.errors import ExportError

lightgbm = pytest.importorskip("lightgbm")
xgboost = pytest.importorskip("xgboost")


def shifted(values):
    return values + 1


def unshifted(values):
    return values - 1


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (IsolationForest(), "IsolationForest cannot be exported; use one of the"),
        (GaussianProcessClassifier(), "GaussianProcessClassifier cannot be exported"),
        (RadiusNeighborsClassifier(1e6), "RadiusNeighborsClassifier cannot be exported"),
        (GradientBoostingClassifier(init=LogisticRegression()), "it starts from init=, a model of its own"),
        (SVC(kernel=lambda a, b: a @ b.T), "its kernel .* is not known; use rbf, linear, poly or sigmoid"),
        (SVC(decision_function_shape="ovo"), "its scores are of pairs of classes"),
        (xgboost.XGBClassifier(booster="gblinear"), "its booster 'gblinear' has no trees"),
        (lightgbm.LGBMClassifier(linear_tree=True, verbose=-1), "it has linear trees"),
        (lightgbm.LGBMClassifier(zero_as_missing=True, verbose=-1), "it takes zeros for missing"),
        (HistGradientBoostingClassifier(categorical_features=[0]), "it has categorical features"),
        (make_pipeline(MinMaxScaler(clip=True), LogisticRegression()), "minmaxscaler: it clips values"),
        (make_pipeline(FunctionTransformer(shifted), Ridge()), "cannot compute .*FunctionTransformer"),
        (make_pipeline(StandardScaler(), "passthrough"), "its last step 'passthrough'|no model|predict"),
        (KNeighborsRegressor(weights="distance"), "weights='distance' converts wrongly"),
        (
            TransformedTargetRegressor(Ridge(), func=shifted, inverse_func=unshifted),
            "'unshifted' is a Python func",
        ),
        (GridSearchCV(Ridge(), {"alpha": [1]}, refit=False), "refit|not fitted"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refused(exported, wine, tmp_path, model, message):
    frame, target = wine
    rows = frame.iloc[:, :4].round()
    rows["alcohol"] -= rows["alcohol"].min()
    with pytest.raises((ExportError, AttributeError), match=message) as refused:
        exported(model.fit(rows, np.unique(target, return_inverse=True)[1]), rows)
    assert "\n" not in str(refused.value)
    assert not list(tmp_path.iterdir())
