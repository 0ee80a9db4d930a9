"""Trainers of PyTorch models, for jobs of the server."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelstudio_train import Example, Job, fail

from .export import TorchModel, export_trained_torch
from .spans import Span
from .tagger import Fitted, fit
from .tasks import TokenClassification

# Texts that the trained and the served model are compared on, at most.
_COMPARED = 200


def train_tokens(job: Job) -> None:
    """Trains on the spans that annotators marked in the texts under `job.key`."""
    if job.options:
        fail(f"the option {min(job.options)!r} in model.json is not known: this trainer has none")
    examples = [example for example in job.examples if isinstance(example.data.get(job.key), str)]
    if not examples:
        fail(f"no annotated task has a text under {job.key!r}")
    texts = [example.data[job.key] for example in examples]
    spans = [_spans(job, example) for example in examples]
    labels = [
        label for label in job.output["labels"] if any(span.label == label for row in spans for span in row)
    ]
    told = f"learning {len(labels)} labels from {len(texts)} texts"
    fitted = fit(texts, spans, labels, lambda done: job.report(0.1 + 0.7 * done, told))
    write(job, fitted, texts, metrics_of(fitted, len(texts)))


def metrics_of(fitted: Fitted, count: int) -> dict[str, Any]:
    """The `metrics` of a version."""
    if fitted.f1 is None:
        return {"method": "too few texts to hold some out", "samples": count}
    method = (
        f"whole spans in {fitted.held_out} texts that were not learnt from, by which the round was chosen"
    )
    return {"f1": round(fitted.f1, 4), "method": method, "samples": count}


def write(job: Job, fitted: Fitted, texts: list[str], metrics: dict[str, Any]) -> None:
    """Writes the version of a tagger, if the server answers with it as PyTorch does.

    :raises ExportError: when it does not
    """
    job.report(0.85, "comparing with the server's own answers")
    chosen = np.linspace(0, len(texts) - 1, min(len(texts), _COMPARED)).astype(int)
    model = TorchModel(
        model=fitted.net,
        task=TokenClassification(fitted.tags),
        rows=fitted.rows,
        samples=[texts[index] for index in chosen],
        output=job.output["name"],
        metrics=metrics,
    )
    folder = export_trained_torch(model, job.folder / "out").folder
    job.report(1, f"wrote the version {folder.name}")


def _spans(job: Job, example: Example) -> list[Span]:
    try:
        return [Span(region["start"], region["end"], region["labels"][0]) for region in example.target]
    except (TypeError, KeyError, IndexError):
        return fail(f"{job.output['from_name']!r} has no spans of a text, which this trainer learns")
