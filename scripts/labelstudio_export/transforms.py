"""Reads fitted transformers of numbers: scalers, imputers, selection, projections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import ExportError
from .files import VersionFiles
from .nodes import Node

Reader = Callable[[Any, VersionFiles, str, Node], Node]


def _scaled(rows: Node, files: VersionFiles, **arrays: Any) -> Node:
    """`x - center`, then `* scale`, `/ divisor`, `+ offset`, each [features] or None."""
    step: dict[str, Any] = {"type": "scale", "width": rows.width}
    for name, values in arrays.items():
        if values is not None:
            step[name] = files.add_array(name, np.asarray(values, dtype=np.float64))
    fills = "center" in step or "offset" in step
    return rows.then(step, filled=rows.width if fills else rows.filled)


def _divided(rows: Node, files: VersionFiles, by: Any, center: Any = None) -> Node:
    """`(x - center) / by`; sparse rows scikit-learn multiplies by the reciprocal: the last bits differ."""
    if center is None and by is not None and rows.filled < rows.width:
        return _scaled(rows, files, scale=1 / by)
    return _scaled(rows, files, center=center, divisor=by)


def read_standard_scaler(step: Any, files: VersionFiles, where: str, rows: Node) -> Node:
    """Mean and standard deviation."""
    center = step.mean_ if step.with_mean else None
    return _divided(rows, files, step.scale_ if step.with_std else None, center)


def read_robust_scaler(step: Any, files: VersionFiles, where: str, rows: Node) -> Node:
    """Median and quantile range."""
    center = step.center_ if step.with_centering else None
    return _divided(rows, files, step.scale_ if step.with_scaling else None, center)


def read_min_max_scaler(step: Any, files: VersionFiles, where: str, rows: Node) -> Node:
    """The range of the training data to another range."""
    _refuse_clip(step, where)
    return _scaled(rows, files, scale=step.scale_, offset=step.min_)


def read_max_abs_scaler(step: Any, files: VersionFiles, where: str, rows: Node) -> Node:
    """The largest absolute value of the training data becomes 1."""
    _refuse_clip(step, where)
    return _divided(rows, files, step.scale_)


def _refuse_clip(step: Any, where: str) -> None:
    if getattr(step, "clip", False):
        raise ExportError(where, "it clips values", "fit it with clip=False")


def read_normalizer(step: Any, files: VersionFiles, where: str, rows: Node) -> Node:
    """Each row divided by its norm."""
    return rows.then({"type": "normalize", "norm": step.norm})


def read_imputer(step: Any, files: VersionFiles, where: str, rows: Node) -> Node:
    """Missing numbers become a statistic of the training data, and flags may tell where."""
    try:
        fill = np.asarray(step.statistics_, dtype=np.float64)
    except (TypeError, ValueError):
        what = "it fills in values that are no numbers"
        raise ExportError(where, what, "put it right before an encoder of categories") from None
    missing = step.missing_values
    if missing is None or isinstance(missing, str):
        raise ExportError(
            where, f"missing_values={missing!r} is no number", "fit it with missing_values=np.nan"
        )
    flags = None if step.indicator_ is None else [int(index) for index in step.indicator_.features_]
    width = int(np.count_nonzero(~np.isnan(fill))) + (0 if flags is None else len(flags))
    is_nan = isinstance(missing, float) and np.isnan(missing)
    return rows.then(
        {
            "type": "impute",
            "missing": "nan" if is_nan else float(missing),
            "fill": files.add_array("fill", fill),
            "indicator": flags,
            "width": width,
        },
        width=width,
        filled=min(rows.filled, width),
    )


def read_selector(step: Any, files: VersionFiles, where: str, rows: Node) -> Node:
    """Some of the features, in their order."""
    indices = np.flatnonzero(step.get_support()).astype(np.int32)
    if len(indices) == 0:
        raise ExportError(where, "it selects no feature", "fit it with other settings")
    chosen = {"type": "select", "indices": files.add_array("indices", indices), "width": len(indices)}
    return rows.then(chosen, width=len(indices), filled=min(rows.filled, len(indices)))


def read_truncated_svd(step: Any, files: VersionFiles, where: str, rows: Node) -> Node:
    """A projection of sparse rows."""
    return _projected(rows, files, step.components_)


def read_pca(step: Any, files: VersionFiles, where: str, rows: Node) -> Node:
    """A projection of centred rows."""
    components = np.asarray(step.components_, dtype=np.float64)
    centred = _scaled(rows, files, center=step.mean_)
    projected = _projected(centred, files, components)
    if not step.whiten:
        return projected
    deviation = np.sqrt(step.explained_variance_)
    smallest = np.finfo(np.float64).eps
    return _scaled(projected, files, divisor=np.maximum(deviation, smallest))


def read_discriminant_projection(step: Any, files: VersionFiles, where: str, rows: Node) -> Node:
    """LinearDiscriminantAnalysis as a step: a projection of centred rows."""
    if step.solver == "lsqr":
        raise ExportError(where, "solver='lsqr' has no projection", "fit it with solver='svd'")
    scalings = np.asarray(step.scalings_)[:, : step._max_components]
    centred = _scaled(rows, files, center=step.xbar_) if step.solver == "svd" else rows
    return _projected(centred, files, scalings.T)


def _projected(rows: Node, files: VersionFiles, components: Any) -> Node:
    components = np.asarray(components, dtype=np.float64)
    width, features = components.shape
    step = {
        "type": "svd",
        "components": files.add_array("components", components),
        "width": width,
        "features": features,
    }
    return rows.then(step, width=width, filled=width, dtype="float64")


_SELECTORS = (
    "SelectKBest SelectPercentile SelectFpr SelectFdr SelectFwe GenericUnivariateSelect VarianceThreshold "
    "SelectFromModel RFE RFECV SequentialFeatureSelector"
)

TRANSFORMS: dict[str, Reader] = {
    "sklearn.StandardScaler": read_standard_scaler,
    "sklearn.RobustScaler": read_robust_scaler,
    "sklearn.MinMaxScaler": read_min_max_scaler,
    "sklearn.MaxAbsScaler": read_max_abs_scaler,
    "sklearn.Normalizer": read_normalizer,
    "sklearn.SimpleImputer": read_imputer,
    "sklearn.TruncatedSVD": read_truncated_svd,
    "sklearn.PCA": read_pca,
    "sklearn.LinearDiscriminantAnalysis": read_discriminant_projection,
    **{f"sklearn.{name}": read_selector for name in _SELECTORS.split()},
}
