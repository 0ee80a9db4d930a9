"""Reads fitted encoders of categories: OneHotEncoder and OrdinalEncoder."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import ExportError
from .nodes import Node


def read_one_hot(step: Any, where: str, fill: list[Any] | None) -> Node:
    """A fitted OneHotEncoder on columns of a record."""
    unknown = {
        "error": "error",
        "ignore": "ignore",
        "infrequent_if_exist": "infrequent",
        "warn": "infrequent",
    }
    mappings = getattr(step, "_default_to_infrequent_mappings", None)
    drop = step.drop_idx_
    encoded = {
        "type": "one-hot",
        "categories": [_categories(categories, where) for categories in step.categories_],
        "drop": None if drop is None else [None if index is None else int(index) for index in drop],
        "handleUnknown": unknown[step.handle_unknown],
        "infrequent": None
        if mappings is None
        else [None if mapping is None else [int(group) for group in mapping] for mapping in mappings],
    }
    width = len(step.get_feature_names_out())
    return Node(_filled(encoded, fill), width, "float64", filled=len(step.categories_))


def read_ordinal(step: Any, where: str, fill: list[Any] | None) -> Node:
    """A fitted OrdinalEncoder on columns of a record."""
    if getattr(step, "_infrequent_enabled", False):
        raise ExportError(
            where, "it groups infrequent categories", "fit it without min_frequency= and max_categories="
        )
    unknown = None if step.handle_unknown == "error" else _number(step.unknown_value)
    # scikit-learn encodes NaN apart, and None as any other category.
    has_none = any(value is None for categories in step.categories_ for value in categories)
    encoded = {
        "type": "ordinal",
        "categories": [_categories(categories, where) for categories in step.categories_],
        "unknown": unknown,
        "missing": None if has_none else _number(step.encoded_missing_value),
    }
    return Node(_filled(encoded, fill), len(step.categories_), "float64", filled=len(step.categories_))


def category(value: Any) -> Any:
    """A category as JSON has it; None for a missing value."""
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _categories(values: Any, where: str) -> list[Any]:
    known = [category(value) for value in values]
    strange = [value for value in known if not isinstance(value, str | int | float | bool | None)]
    if strange:
        raise ExportError(where, f"the category {strange[0]!r} is no text, number or boolean", "use texts")
    return known


def _filled(step: dict[str, Any], fill: list[Any] | None) -> dict[str, Any]:
    return step if fill is None else step | {"fill": fill}


def _number(value: Any) -> float | str:
    return "nan" if np.isnan(value) else float(value)
