"""Exports a fitted model: builds a version, holds it against the original, writes it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .checked import Exported, Original, write_checked
from .context import Raw
from .controls import manifest_output
from .draft import Built, build_version
from .errors import ExportError
from .gate import DOUBLE_TOLERANCE, FLOAT_TOLERANCE, parity_file
from .inspect_model import expects_texts, fitted_columns
from .records import read_cell, record_samples
from .reference import Reference, reference
from .samples import Samples, text_samples
from .writer import Draft


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A fitted model, rows to compare it on, and what its answers are called.

    `samples` are texts, or records of columns (cells as in a CSV file, or values). `labels` are names of the
    classes of each output that has classes, `outputs` names of the outputs; empty: chosen by what the model
    gives.
    """

    model: Any
    samples: Sequence[str] | Sequence[dict[str, Any]]
    labels: Sequence[Sequence[str]] = ()
    outputs: Sequence[str] = ()
    metrics: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Request(Fitted):
    """What to export as which model of a repository.

    `controls` are the control tags that the outputs fill; empty: chosen by what the model gives.
    """

    name: str
    repository: Path
    controls: Sequence[str] = ()
    title: str | None = None
    about: dict[str, Any] = field(default_factory=dict)


def export(request: Request) -> Exported:
    """Exports a model into a repository, or refuses and leaves nothing behind.

    :raises ExportError: when the model cannot be served, or what would be served differs from it
    """
    made = _convert(request)
    draft = Draft(made.built.files, made.built.outputs, manifest(request, made.built), request.metrics)
    return write_checked(draft, made.original, request.repository / request.name / "versions")


def export_trained(
    fitted: Fitted, outputs: Sequence[dict[str, Any]], versions: Path, optional: Set[str] = frozenset()
) -> Exported:
    """Exports what was trained for a model that has its model.json elsewhere; the version alone is written.

    :param outputs: the `outputs` of that model.json, in the order of the model's
    :param versions: the folder that gets the version's
    :param optional: columns that a task may lack
    :raises ExportError: as `export`, and when model.json expects other answers
    """
    made = _convert(replace(fitted, outputs=[output["name"] for output in outputs]))
    for expected, spec in zip(outputs, made.built.outputs, strict=True):
        given = manifest_output(spec, expected["control"])
        if given.get("choice") != expected.get("choice"):
            raise ExportError(
                f"the output {expected['name']!r}",
                f"model.json has the choice {expected.get('choice')!r}, the model gives {given['choice']!r}",
                "train another model, or change model.json",
            )
    source = None
    if made.built.columns is not None:
        columns = [
            column | ({"optional": True} if column["name"] in optional else {})
            for column in made.built.columns
        ]
        source = {"kind": "tabular", "columns": columns}
    draft = Draft(made.built.files, made.built.outputs, None, fitted.metrics, source)
    return write_checked(draft, made.original, versions)


@dataclass(frozen=True)
class _Made:
    """A converted model and what it is held against."""

    built: Built
    original: Original


def _convert(fitted: Fitted) -> _Made:
    texts = expects_texts(fitted.model)
    order = None if texts else fitted_columns(fitted.model, fitted.samples)
    built = build_version(fitted.model, Raw(order), fitted.labels, fitted.outputs)
    samples = make_samples(fitted, built, order)
    samples, references = answers(fitted.model, samples, built)
    tolerance = FLOAT_TOLERANCE if built.single else DOUBLE_TOLERANCE
    built.files.put("parity.json", parity_file(samples, references, tolerance))
    return _Made(built, Original(type(fitted.model).__name__, samples, references, tolerance))


def make_samples(fitted: Fitted, built: Built, order: tuple[str, ...] | None) -> Samples:
    """The given samples and generated ones."""
    if order is None:
        return text_samples([str(text) for text in fitted.samples])
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
        for number, record in enumerate(fitted.samples, start=1)
        if isinstance(record, dict)
    ]
    nones = {name for name, values in built.categories.items() if None in values}
    return record_samples(given, columns, order, hasattr(fitted.model, "feature_names_in_"), nones)


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
