"""Exports a fitted model: builds a version, holds it against the original, writes it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .context import Raw
from .controls import manifest_output
from .draft import Built, build_version
from .errors import ExportError
from .gate import DOUBLE_TOLERANCE, FLOAT_TOLERANCE, compare, parity_file, refusal
from .inspect_model import expects_texts, fitted_columns
from .records import read_cell, record_samples
from .reference import Reference, reference
from .samples import Samples, text_samples
from .writer import Draft, same_content, staged


@dataclass(frozen=True)
class Request:
    """What to export, and how to call it.

    `samples` are texts, or records of columns (cells as in a CSV file, or values). `labels` are names of the
    classes of each output, `outputs` names of the outputs, `controls` the control tag that each fills; empty:
    chosen by what the model gives.
    """

    model: Any
    samples: Sequence[str] | Sequence[dict[str, Any]]
    name: str
    repository: Path
    labels: Sequence[Sequence[str]] = ()
    outputs: Sequence[str] = ()
    controls: Sequence[str] = ()
    title: str | None = None
    about: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Exported:
    """A written version, or the one that already serves the same; and what the gate measured."""

    folder: Path
    fresh: bool
    parity: dict[str, Any]


def export(request: Request) -> Exported:
    """Exports a model, or refuses and leaves nothing behind.

    :raises ExportError: when the model cannot be served, or what would be served differs from it
    """
    texts = expects_texts(request.model)
    order = None if texts else fitted_columns(request.model, request.samples)
    built = build_version(request.model, Raw(order), request.labels, request.outputs)
    samples = make_samples(request, built, order)
    samples, references = answers(request.model, samples, built)
    tolerance = FLOAT_TOLERANCE if built.single else DOUBLE_TOLERANCE
    built.files.put("parity.json", parity_file(samples, references, tolerance))
    draft = Draft(built.files, built.outputs, manifest(request, built), request.metrics)
    with staged(request.repository, request.name, draft) as stage:
        comparison = compare(stage.folder, samples, references, tolerance)
        if len(comparison.failed):
            raise refusal(comparison, samples, type(request.model).__name__)
        parity = comparison.record(samples)
        known = same_content(request.repository, request.name, draft)
        folder = known or stage.commit(parity)
    return Exported(folder, known is None, parity)


def make_samples(request: Request, built: Built, order: tuple[str, ...] | None) -> Samples:
    """The request's samples and the generated ones."""
    if order is None:
        return text_samples([str(text) for text in request.samples])
    columns = built.columns or []
    given = [
        {
            column["name"]: read_cell(
                record[column["name"]],
                column,
                built.categories.get(column["name"], []),
                f"--samples, row {number}, column {column['name']!r}",
            )
            for column in columns
        }
        for number, record in enumerate(request.samples, start=1)
        if isinstance(record, dict)
    ]
    nones = {name for name, values in built.categories.items() if None in values}
    return record_samples(given, columns, order, hasattr(request.model, "feature_names_in_"), nones)


def answers(model: Any, samples: Samples, built: Built) -> tuple[Samples, dict[str, Reference]]:
    """The samples without generated rows that the original does not take, and its answers by output name.

    :raises ExportError: when it does not take a given row
    """
    names = [output["name"] for output in built.outputs]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            told = reference(model, samples.rows, built.outcome)
        except Exception:
            samples = _accepted(model, samples)
            told = reference(model, samples.rows, built.outcome)
    return samples, dict(zip(names, told, strict=True))


def _accepted(model: Any, samples: Samples) -> Samples:
    kept: list[int] = []
    # Rows with missing cells last and together: they are what most models do not take.
    order = sorted(range(len(samples.values)), key=lambda index: _has_missing(samples.values[index]))
    waiting = [order]
    while waiting:
        rows = waiting.pop()
        try:
            model.predict(samples.take(rows).rows)
        except Exception as error:
            if len(rows) > 1:
                waiting += [rows[: len(rows) // 2], rows[len(rows) // 2 :]]
            elif rows[0] < samples.given:
                reason = (str(error).strip() or type(error).__name__).splitlines()[0]
                where = f"--samples, row {rows[0] + 1}"
                raise ExportError(where, f"the model does not take it: {reason}", "correct it") from error
        else:
            kept += rows
    return samples.take(sorted(kept))


def _has_missing(value: Any) -> bool:
    return isinstance(value, dict) and None in value.values()


def manifest(request: Request, built: Built) -> dict[str, Any]:
    """The model.json of a new model."""
    source: dict[str, Any] = {"kind": "text"}
    if built.columns is not None:
        source = {"kind": "tabular", "columns": built.columns}
    controls = list(request.controls)
    if controls and len(controls) != len(built.outputs):
        raise ExportError(
            "--controls", f"{controls} are not one for each of {len(built.outputs)} outputs", "give as many"
        )
    outputs = [
        manifest_output(output, controls[index] if controls else None)
        for index, output in enumerate(built.outputs)
    ]
    title = request.title or request.name
    return {"format": 1, "title": title, **request.about, "input": source, "outputs": outputs}
