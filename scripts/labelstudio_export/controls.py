"""The control tags that outputs fill, as `src/regions` has them."""

from __future__ import annotations

import math
from typing import Any

from .errors import ExportError

# Of the rows of `src/regions/index.ts`, those that classes and values can fill.
CONTROLS = ("Choices", "Taxonomy", "Rating", "Number")


def manifest_output(output: dict[str, Any], control: str | None) -> dict[str, Any]:
    """An entry of the manifest's `outputs`.

    :param output: the version's `OutputSpec`
    :param control: a control tag; None: Choices for classes, Number for a value
    :raises ExportError: when such a control cannot hold what the model gives
    """
    classes = output.get("labels")
    tag = control or ("Number" if classes is None else "Choices")
    several = output.get("decision", {}).get("rule") == "threshold"
    _check(tag, output["name"], classes, several)
    entry = {"name": output["name"], "control": tag}
    if tag == "Choices":
        entry["choice"] = "multiple" if several else "single"
    return entry


def _check(tag: str, name: str, classes: list[str] | None, several: bool) -> None:
    if tag not in CONTROLS:
        todo = f"use one of {', '.join(CONTROLS)}"
        raise ExportError("--controls", f"{tag!r} is no control that the server fills", todo)
    if tag in {"Choices", "Taxonomy"}:
        if classes is None:
            raise ExportError(
                "--controls", f"{tag} takes classes, and {name!r} is a number", "use Number or Rating"
            )
        return
    if classes is None:
        return
    if several:
        todo = "use Choices or Taxonomy"
        raise ExportError("--controls", f"{tag} holds one class, and {name!r} can have any number", todo)
    fits, what = (_is_stars, "whole numbers from 1") if tag == "Rating" else (_is_number, "numbers")
    strange = next((label for label in classes if not fits(label)), None)
    if strange is not None:
        raise ExportError(
            "--controls",
            f"{tag} takes {what} as classes, and {name!r} has {strange!r}",
            "name them with --labels",
        )


def _is_number(label: str) -> bool:
    try:
        return math.isfinite(float(label))
    except ValueError:
        return False


def _is_stars(label: str) -> bool:
    return _is_number(label) and float(label).is_integer() and float(label) >= 1
