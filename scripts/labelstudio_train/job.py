"""The folder of a training job: what the server wrote into it, and the version that comes out."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from labelstudio_export.errors import ExportError
from labelstudio_export.export import Fitted, export_trained

from .reports import Reports, TrainingError, fail

# Rows that the trained and the served model are compared on, at most.
_COMPARED = 2_000


@dataclass(frozen=True)
class Example:
    """A task to learn from.

    `value` is what the server's input kind reads of it: a text (of a HyperText the words that it shows), the
    columns of a row or of a time series. `target` is its annotation: a label, a list of them, a number, or
    regions. `data` is the task's data as they came; what a tag shows of them may stand anywhere in them, or
    behind an address.
    """

    value: Any
    target: Any
    data: dict[str, Any]


@dataclass(frozen=True)
class Job:
    """A training that the server asks for.

    `context` is context.json; `rows` are the tasks of tasks.jsonl to learn from, each with `value`, `data`
    and `targets`. Those that the server holds out to score the version are not kept.
    """

    folder: Path
    context: dict[str, Any]
    rows: Sequence[dict[str, Any]]
    reports: Reports

    @classmethod
    def read(cls, folder: Path, reports: Reports) -> Job:
        """Reads a job's folder, and clears what an earlier run of the job left in `out`.

        :raises TrainingError: when it is none
        """
        folder = folder.resolve()
        try:
            context = json.loads((folder / "context.json").read_bytes())
            known = isinstance(context, dict) and context.get("format") == 1
        except (OSError, ValueError) as error:
            fail(f"{folder} is no folder of a job: its context.json cannot be read ({error})")
        if not known:
            fail(f"{folder}/context.json is not of the format 1 that this trainer reads")
        rows = list(_train_rows(folder / "tasks.jsonl"))
        if not rows:
            fail("there is no annotated task to learn from: annotate some")
        shutil.rmtree(folder / "out", ignore_errors=True)
        return cls(folder, context, rows, reports)

    @property
    def options(self) -> dict[str, Any]:
        """The `options` of the manifest's `train`."""
        return self.context.get("options") or {}

    @property
    def shown(self) -> str:
        """Where a task's data have what the model reads, for messages: "under 'text'"."""
        return self.context["input"]["shown"]

    @property
    def output(self) -> dict[str, Any]:
        """The one entry of the manifest's `outputs`, as context.json has it.

        :raises TrainingError: when there are several
        """
        outputs = self.context["outputs"]
        if len(outputs) > 1:
            names = ", ".join(output["name"] for output in outputs)
            fail(f"this trainer fills one control, and the model has {names}: make a model of each")
        return outputs[0]

    @cached_property
    def examples(self) -> list[Example]:
        """The tasks that have a value for the one output.

        :raises TrainingError: when there is none
        """
        name = self.output["name"]
        found = [
            Example(row.get("value"), row["targets"][name], row["data"])
            for row in self.rows
            if name in row["targets"]
        ]
        return found or fail(f"no task has an annotation for {self.output['from_name']!r}: annotate some")

    def report(self, progress: float, message: str) -> None:
        """Tells people how far the training is, 0 to 1, and what it does."""
        self.reports.progress(progress, message)

    def write(
        self,
        model: Any,
        samples: Sequence[str] | Sequence[dict[str, Any]],
        labels: Sequence[Sequence[str]] = (),
        metrics: dict[str, Any] | None = None,
        optional: Set[str] = frozenset(),
    ) -> Path:
        """Writes the version of a fitted model, if the server answers with it as scikit-learn does.

        :param samples: texts or records such as the model was fitted on, to compare the answers
        :param labels: for each output the names of its classes, in their order; empty: the classes as text
        :param metrics: what is known of its quality; goes to version.json
        :param optional: columns that a task may lack
        :returns: the version's folder, `out/<version>`
        :raises ExportError: when the model cannot be served, or not with the same answers
        """
        self.report(0.85, "comparing with the server's own answers")
        chosen = np.linspace(0, len(samples) - 1, min(len(samples), _COMPARED)).astype(int)
        fitted = Fitted(
            model=model,
            samples=[samples[index] for index in chosen],
            labels=labels,
            metrics=metrics or {},
        )
        outputs = self.context["outputs"]
        folder = export_trained(fitted, outputs, self.folder / "out", optional).folder
        self.report(1, f"wrote the version {folder.name}")
        return folder


def run(train: Callable[[Job], Any], arguments: list[str] | None = None) -> None:
    """The command of a trainer, `TRAINER.py --job FOLDER`; progress and errors go to stdout as JSON lines.

    Exit code 1 after an error; one that nobody foresaw leaves its traceback on stderr.

    :param train: writes one version with `job.write`, or calls `fail`
    """
    parser = argparse.ArgumentParser(description="Train a version of a model from the annotations of a job.")
    parser.add_argument("--job", required=True, type=Path, metavar="FOLDER", help="the job's folder")
    options = parser.parse_args(arguments)
    reports = Reports.on_stdout()
    try:
        job = Job.read(options.job, reports)
        job.report(0.02, f"read {len(job.rows)} annotated tasks")
        # Threads of small models only wait for each other, and the server has its own work to do.
        with threadpool_limits(1):
            train(job)
        if not any((job.folder / "out").glob("*/version.json")):
            fail("the trainer ended without a version: it has to call job.write()")
    except (TrainingError, ExportError) as error:
        reports.error(str(error))
        sys.exit(1)


def _train_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The lines to learn from, without what a trainer has no use for: annotations can be large."""
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    task = json.loads(line)
                    if task["split"] == "train":
                        yield {"value": task.get("value"), "data": task["data"], "targets": task["targets"]}
                except (ValueError, KeyError, TypeError) as error:
                    fail(f"{path}, line {number}: it is no task with data, split and targets ({error!r})")
    except OSError as error:
        fail(f"{path.parent} is no folder of a job: its tasks.jsonl cannot be read ({error})")
