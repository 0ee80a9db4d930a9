"""Naive Bayes: linear in the features, with a softmax of the joint log likelihood."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import links
from .context import Context, Data, emits
from .linear import decision
from .outcome import Classified, Outcome


@emits("sklearn.MultinomialNB")
def emit_multinomial(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Counts times log probabilities, and the prior."""
    return _softmax(context, model, data, where, model.feature_log_prob_, model.class_log_prior_)


@emits("sklearn.ComplementNB")
def emit_complement(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Complement weights; the prior counts only where there is one class."""
    bias = model.class_log_prior_ if len(model.classes_) == 1 else np.zeros(len(model.classes_))
    return _softmax(context, model, data, where, model.feature_log_prob_, bias)


@emits("sklearn.BernoulliNB")
def emit_bernoulli(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Features that are not there speak too: their part is in the bias."""
    absent = np.log(1 - np.exp(model.feature_log_prob_))
    bias = model.class_log_prior_ + absent.sum(axis=1)
    weights = model.feature_log_prob_ - absent
    return _softmax(context, model, data, where, weights, bias, binarize=model.binarize)


def _softmax(
    context: Context,
    model: Any,
    data: Data,
    where: str,
    weights: Any,
    bias: Any,
    binarize: float | None = None,
) -> Outcome:
    likelihood = decision(context, weights, bias, data, where, binarize)
    return Classified(model.classes_, links.softmax(context.graph, likelihood))
