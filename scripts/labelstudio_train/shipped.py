"""The command of the trainers of shipped models."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from labelstudio_export.errors import ExportError

_ROOT = Path(__file__).resolve().parents[2]


def run(train: Callable[[Path, str], Path], description: str, name: str, arguments: list[str] | None) -> None:
    """Trains, measures, writes a version; exit code 1 with one line on bad input.

    :param train: given the model folder and the model's name
    :param name: the model's name unless the arguments say another
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--repository", type=Path, default=_ROOT / "models", help="model folder (default: models)"
    )
    parser.add_argument("--name", default=name, help=f"the model's name (default: {name})")
    options = parser.parse_args(arguments)
    try:
        train(options.repository, options.name)
    except ExportError as error:
        sys.exit(f"error: {error}")
