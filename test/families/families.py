"""The models that must be served as they were fitted: name -> (model, data)."""

from __future__ import annotations

from collections.abc import Iterator

from classifiers import (
    FEW,
    SEED,
    SMALL,
    Case,
    classifiers,
    classifiers_of_columns,
    classifiers_of_texts,
    classifiers_with_missing,
    scaled,
)
from data import BOTH, DIABETES, DIABETES_HOLES, FLAGS, NUMBERS
from lightgbm import LGBMRegressor
from sklearn import ensemble, linear_model, svm
from sklearn.compose import TransformedTargetRegressor
from sklearn.cross_decomposition import PLSRegression
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor, RegressorChain
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeRegressor
from xgboost import XGBRegressor, XGBRFRegressor


def families() -> Iterator[Case]:
    """All of them."""
    yield from classifiers()
    yield from classifiers_with_missing()
    yield from classifiers_of_columns()
    yield from classifiers_of_texts()
    yield from of_several()
    yield from regressors()


def of_several() -> Iterator[Case]:
    """Labels of which any number is true, targets with classes of their own, several numbers."""
    tree = DecisionTreeClassifier(max_depth=3, **SEED)
    for head in (
        ensemble.RandomForestClassifier(**FEW),
        ensemble.ExtraTreesClassifier(**FEW),
        tree,
        KNeighborsClassifier(),
        MLPClassifier(**SMALL),
        OneVsRestClassifier(LogisticRegression()),
        OneVsRestClassifier(LinearSVC(**SEED)),
        MultiOutputClassifier(LogisticRegression()),
        MultiOutputClassifier(GaussianNB()),
        ClassifierChain(LogisticRegression(), order=[2, 0, 1]),
        ClassifierChain(tree, order="random", **SEED),
        ClassifierChain(LinearSVC(**SEED)),
    ):
        yield f"{head}, labels", scaled(head), FLAGS
    boosting = ensemble.GradientBoostingClassifier(**FEW)
    for head in (
        ensemble.RandomForestClassifier(**FEW),
        KNeighborsClassifier(),
        MultiOutputClassifier(boosting),
        MultiOutputClassifier(LogisticRegression()),
    ):
        yield f"{head}, two targets", scaled(head), BOTH
    for head in (
        LinearRegression(),
        Ridge(),
        linear_model.MultiTaskLasso(),
        linear_model.MultiTaskLassoCV(cv=2),
        linear_model.MultiTaskElasticNet(),
        linear_model.MultiTaskElasticNetCV(cv=2),
        PLSRegression(),
        DecisionTreeRegressor(max_depth=5, **SEED),
        ensemble.RandomForestRegressor(**FEW),
        KNeighborsRegressor(),
        MLPRegressor(**SMALL),
        MultiOutputRegressor(ensemble.GradientBoostingRegressor(**FEW)),
        RegressorChain(Ridge(), order=[1, 0]),
    ):
        yield f"{head}, two numbers", scaled(head), NUMBERS


def regressors() -> Iterator[Case]:
    """Of one number."""
    members = [("a", Ridge()), ("b", DecisionTreeRegressor(max_depth=4, **SEED))]
    for head in (
        LinearRegression(),
        Ridge(),
        linear_model.RidgeCV(),
        linear_model.Lasso(),
        linear_model.LassoCV(cv=2),
        linear_model.ElasticNet(),
        linear_model.ElasticNetCV(cv=2),
        linear_model.Lars(n_nonzero_coefs=4),
        linear_model.LarsCV(cv=2),
        linear_model.LassoLars(),
        linear_model.LassoLarsCV(cv=2),
        linear_model.LassoLarsIC(),
        linear_model.OrthogonalMatchingPursuit(),
        linear_model.OrthogonalMatchingPursuitCV(cv=2),
        linear_model.BayesianRidge(),
        linear_model.ARDRegression(),
        linear_model.HuberRegressor(max_iter=500),
        linear_model.QuantileRegressor(alpha=0.1),
        linear_model.TheilSenRegressor(max_subpopulation=100, **SEED),
        linear_model.RANSACRegressor(**SEED),
        linear_model.SGDRegressor(**SEED),
        linear_model.PassiveAggressiveRegressor(**SEED),
        linear_model.PoissonRegressor(),
        linear_model.GammaRegressor(),
        linear_model.TweedieRegressor(power=1.5),
        svm.LinearSVR(**SEED),
        svm.SVR(C=100),
        svm.NuSVR(C=100),
        PLSRegression(),
        GaussianProcessRegressor(RBF(2.0) + WhiteKernel(), normalize_y=True),
        KNeighborsRegressor(),
        MLPRegressor(**SMALL),
        DecisionTreeRegressor(**SEED),
        ExtraTreeRegressor(**SEED),
        ensemble.RandomForestRegressor(**FEW),
        ensemble.ExtraTreesRegressor(**FEW),
        ensemble.BaggingRegressor(**FEW),
        ensemble.AdaBoostRegressor(**FEW),
        ensemble.GradientBoostingRegressor(**FEW),
        ensemble.HistGradientBoostingRegressor(max_iter=5, **SEED),
        ensemble.VotingRegressor(members, weights=[1, 3]),
        ensemble.StackingRegressor(members, Ridge(), cv=2),
        TransformedTargetRegressor(Ridge(), transformer=StandardScaler()),
        GridSearchCV(Ridge(), {"alpha": [0.1, 1]}, cv=2),
        LGBMRegressor(verbose=-1, **FEW),
        XGBRegressor(**FEW),
        XGBRFRegressor(**FEW),
    ):
        yield f"{head}, a number", scaled(head), DIABETES
    for head in (
        ensemble.HistGradientBoostingRegressor(max_iter=5, **SEED),
        DecisionTreeRegressor(**SEED),
        ensemble.RandomForestRegressor(**FEW),
        LGBMRegressor(verbose=-1, **FEW),
        XGBRegressor(**FEW),
    ):
        yield f"{head}, a number, NaN seen", head, DIABETES_HOLES
