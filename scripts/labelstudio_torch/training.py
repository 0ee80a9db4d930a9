"""Trainers of PyTorch models, for jobs of the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from labelstudio_train import Example, Job, fail

from . import series, tagger
from .export import TorchModel, export_trained_torch
from .spans import Span
from .tasks import TokenClassification

# Texts, and series, that the trained and the served model are compared on, at most; and steps of each,
# as the version keeps them all.
_COMPARED, _COMPARED_SERIES, _COMPARED_STEPS = 200, 10, 300


def train_tokens(job: Job) -> None:
    """Trains on the spans that annotators marked in the tasks' texts."""
    _check_options(job)
    examples = [example for example in job.examples if isinstance(example.value, str)]
    if not examples:
        fail(f"no annotated task has a text {job.shown}")
    texts = [example.value for example in examples]
    spans = [_spans(job, example) for example in examples]
    labels = _used(job, spans)
    told = f"learning {len(labels)} labels from {len(texts)} texts"
    fitted = tagger.fit(texts, spans, labels, lambda done: job.report(0.1 + 0.7 * done, told))
    what = f"whole spans in {fitted.held_out} texts that were not learnt from, by which the round was chosen"
    model = TorchModel(
        model=fitted.net,
        task=TokenClassification(fitted.tags),
        rows=fitted.rows,
        samples=texts,
        output=job.output["name"],
        metrics=_metrics(fitted.f1, what, "texts", len(texts)),
    )
    _write(job, model, _COMPARED)


def train_series(job: Job) -> None:
    """Trains on the parts that annotators marked in the tasks' time series."""
    _check_options(job)
    channels = job.context["input"]["channels"]
    columns = [[example.value[name] for name in channels] for example in job.examples]
    rows = [np.array(each, dtype=np.float64) for each in columns]
    spans = [_parts(job, example) for example in job.examples]
    labels = _used(job, spans)
    _check_lasting(job, spans, labels)
    steps = sum(each.shape[1] for each in rows)
    told = f"learning {len(labels)} labels from {steps} steps of {len(rows)} series"
    fitted = series.fit(rows, spans, labels, channels, lambda done: job.report(0.1 + 0.7 * done, told))
    what = f"labels of steps in {fitted.held_out} series that were not learnt from"
    samples = [[column[:_COMPARED_STEPS] for column in each] for each in columns]
    model = TorchModel(
        model=fitted.net,
        task=fitted.task,
        rows=fitted.rows,
        samples=[dict(zip(channels, each, strict=True)) for each in samples],
        output=job.output["name"],
        metrics=_metrics(fitted.f1, what, "series", len(rows)),
    )
    _write(job, model, _COMPARED_SERIES)


def _check_options(job: Job) -> None:
    if job.options:
        fail(f"the option {min(job.options)!r} in model.json is not known: this trainer has none")


def _used(job: Job, spans: Sequence[Sequence[Span]]) -> list[str]:
    """The labels that some span has, in the order of the labeling config."""
    used = {span.label for row in spans for span in row}
    return [label for label in job.output["labels"] if label in used]


def _metrics(f1: float | None, method: str, things: str, count: int) -> dict[str, Any]:
    """The `metrics` of a version."""
    if f1 is None:
        return {"method": f"too few {things} to hold some out", "samples": count}
    return {"f1": round(f1, 4), "method": method, "samples": count}


def _write(job: Job, model: TorchModel, most: int) -> None:
    """Writes the version of a model, if the server answers with it as PyTorch does.

    :param most: samples that both are compared on, at most
    :raises ExportError: when it does not
    """
    job.report(0.85, "comparing with the server's own answers")
    count = len(model.samples)
    chosen = np.linspace(0, count - 1, min(count, most)).astype(int)
    compared = replace(model, samples=[model.samples[index] for index in chosen])
    folder = export_trained_torch(compared, job.folder / "out").folder
    job.report(1, f"wrote the version {folder.name}")


def _spans(job: Job, example: Example) -> list[Span]:
    try:
        return [Span(region["start"], region["end"], region["labels"][0]) for region in example.target]
    except (TypeError, KeyError, IndexError):
        return fail(f"{job.output['from_name']!r} has no spans of a text, which this trainer learns")


def _parts(job: Job, example: Example) -> list[Span]:
    try:
        return [Span(*region["steps"], region["labels"][0]) for region in example.target]
    except (TypeError, KeyError, IndexError):
        return fail(f"{job.output['from_name']!r} has no parts of a time series, which this trainer learns")


def _check_lasting(job: Job, spans: Sequence[Sequence[Span]], labels: Sequence[str]) -> None:
    """Refuses labels of moments: of parts of a step each nothing is left to agree on."""
    lasting = {span.label for row in spans for span in row if span.end - span.start > 1}
    moments = [label for label in labels if label not in lasting]
    if moments:
        fail(
            f"{job.output['from_name']!r} has {moments[0]!r} for single moments alone, and this trainer "
            "learns parts that last: mark parts of several steps, or take the label out of the config"
        )
