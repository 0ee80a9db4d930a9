"""The command `export_torch.py`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from labelstudio_export.checked import Exported
from labelstudio_export.cli import check_name, names
from labelstudio_export.errors import ExportError
from labelstudio_export.table import read_csv, text_column

from .contract import Rows
from .export import TorchRequest, export_torch
from .image_rows import RESAMPLE, ImageRows, read_images
from .load import load_model
from .series_rows import STEPS, SeriesRows, read_series
from .tasks import TASKS, make_task
from .text_rows import MAX_TOKENS, TextRows
from .tokenizers import read_tokenizer

_ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str] | None = None) -> None:
    """Runs the command; on bad input prints one line and exits with code 1."""
    options = _parser().parse_args(arguments)
    try:
        exported = run(options)
    except ExportError as error:
        sys.exit(f"error: {error}")
    print(exported.told())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="export_torch.py",
        description="Export a PyTorch model as a model version that the server serves with the same numbers, "
        "or refuse and say why. The Python file is run, so it must be one that you trust.",
    )
    add = parser.add_argument
    add("model", metavar="FILE.py:FUNCTION", help="a function without arguments that builds the model")
    add("--weights", required=True, type=Path, metavar="FILE.pt", help="torch.save(model.state_dict(), FILE)")
    add("--name", required=True, help="the model's name: its folder in the repository")
    add("--task", required=True, choices=TASKS, help="what the model is for")
    add("--labels", required=True, type=names, metavar="A,B", help="names of the classes, in their order")
    add(
        "--samples",
        required=True,
        type=Path,
        metavar="PATH",
        help="what to compare the two models on: a CSV file of texts, a folder of images, or a folder of "
        "CSV files, a series each",
    )
    add("--text-column", metavar="NAME", help="the column that holds the texts")
    add(
        "--tokenizer",
        type=Path,
        metavar="FILE.json",
        help="of texts: a words.json, or a tokenizer.json of Hugging Face",
    )
    add("--max-tokens", type=int, default=MAX_TOKENS, help="the most tokens of a row (default %(default)s)")
    add("--overlap", type=int, help="tokens or steps that two windows of what is longer share")
    add(
        "--channels",
        type=names,
        metavar="X,Y",
        help="of series: the columns that the model takes, in its order",
    )
    add("--steps", type=int, default=STEPS, help="of series: the most steps of a row (default %(default)s)")
    add("--fixed", action="store_true", help="of series: fill shorter ones up to --steps with zeros")
    add("--background", metavar="LABEL", help="of segmentation and detection: the label that is none")
    add("--size", type=_size, metavar="WxH", help="of images: pixels of a row and of a column of the tensor")
    add(
        "--letterbox",
        type=int,
        metavar="GREY",
        help="of images: keep their shape, with bars of this grey (YOLO: 114)",
    )
    add(
        "--resample",
        choices=RESAMPLE,
        help="of images: how they are scaled in training (default: bilinear; with --letterbox opencv-linear)",
    )
    add("--mean", type=_numbers, default=[0.0], metavar="A,B,C", help="taken off channels of 0 to 1")
    add("--std", type=_numbers, default=[1.0], metavar="A,B,C", help="what the rest is divided by")
    add(
        "--control",
        metavar="TAG",
        help="the control tag that it fills (default: the first that models/torch.md names for the task)",
    )
    add("--title", help="a line for people (default: the name)")
    add(
        "--repository",
        type=Path,
        default=_ROOT / "models",
        metavar="DIR",
        help="default: the project's models",
    )
    return parser


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def _texts(options: argparse.Namespace) -> tuple[Rows, list[Any]]:
    if options.tokenizer is None:
        raise ExportError("--tokenizer", "texts need one", "give a words.json or a tokenizer.json")
    rows = TextRows(read_tokenizer(options.tokenizer), options.max_tokens, options.overlap)
    return rows, text_column(read_csv(options.samples), options.text_column, str(options.samples))


def _images(options: argparse.Namespace) -> tuple[Rows, list[Any]]:
    if options.size is None:
        raise ExportError("--size", "images need one", "give that of the tensor, such as 224x224")
    rows = ImageRows(*options.size, options.mean, options.std, options.letterbox, options.resample)
    return rows, read_images(options.samples)


def _series(options: argparse.Namespace) -> tuple[Rows, list[Any]]:
    if options.channels is None:
        raise ExportError("--channels", "series need them", "name the columns that the model takes")
    rows = SeriesRows(options.channels, options.steps, options.overlap, options.fixed)
    return rows, read_series(options.samples, options.channels)


_INPUTS = {"tokens": _texts, "image": _images, "time-series": _series}


def run(options: argparse.Namespace) -> Exported:
    """Exports what the options ask for.

    :raises ExportError: when it cannot be done
    """
    check_name(options.name)
    task = make_task(options.task, options.labels, options.background)
    rows, samples = _INPUTS[task.input](options)
    return export_torch(
        TorchRequest(
            model=load_model(options.model, options.weights),
            task=task,
            rows=rows,
            samples=samples,
            name=options.name,
            repository=options.repository,
            control=options.control,
            title=options.title,
        )
    )
