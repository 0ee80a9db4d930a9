"""Brings a model whose version.json has format 1 to the present format."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from .errors import ExportError
from .files import VersionFiles, dump_json
from .writer import FORMAT, Draft, staged

# Inputs of pixels. Before format 2 their images were scaled in another way than in training.
_PIXELS = ("image", "image-prompts", "video")
# What a kernel of format 1 was meant to be.
_RESAMPLE = {"nearest": "nearest", "linear": "bilinear", "cubic": "bicubic", "lanczos3": "lanczos"}
# The fits for which an option of format 1 means something; a kernel for none any more.
_OPTIONS_OF = {"kernel": (), "shortest_edge": ("crop",), "align": ("letterbox",), "fill": ("letterbox",)}
_PILLOW = ("nearest", "box", "bilinear", "bicubic", "lanczos")
_FILTERS = (*_PILLOW, "torch-bilinear", "torch-bicubic", "torch-lanczos", "opencv-linear")
_TODO = "export the model again with the tool that made it"


def upgrade(model: Path, options: dict[str, str]) -> list[str]:
    """Writes the version that serves anew, beside the old one, and its model.json where that changes.

    :param model: the model's folder
    :param options: of the input, such as `resample`, where they are not to be what is assumed
    :returns: what was done and assumed, in lines for people
    :raises ExportError: when the model cannot be read, was changed since its export, or takes no options
    """
    manifest = _read(model / "model.json")
    folder = _serving(model)
    record = _read(folder / "version.json")
    source = record.get("input", manifest["input"])
    declared_in = "version.json" if "input" in record else "model.json"
    if options:
        _check_takes(options, record["format"], source["kind"], folder, declared_in)
    if record["format"] == FORMAT:
        return [f"{folder.name} has format {FORMAT} already: nothing was written"]
    said: list[str] = []
    outputs = record["outputs"]
    own = _input(record["input"], outputs, options, said) if "input" in record else None
    shared = _input(manifest["input"], outputs, options, [] if own else said)
    draft = Draft(_files(folder, record), outputs, None, record["metrics"], own, record["tools"])
    with staged(model / "versions", draft) as stage:
        written = stage.commit(record["parity"])
    if shared != manifest["input"]:
        (model / "model.json").write_bytes(dump_json({**manifest, "input": shared}, indent=2) + b"\n")
    if (model / "active").exists():
        (model / "active").write_text(f"{written.name}\n")
    if source["kind"] in _PIXELS:
        said.append(f"if the model was trained with others, change them in {declared_in}")
    return [f"{written.name} was written in the place of {folder.name}, which can be removed", *said]


def _check_takes(options: dict[str, str], present: int, kind: str, folder: Path, declared_in: str) -> None:
    """Refuses options that would be left out in silence.

    :raises ExportError: when the version has the present format already, or reads no pixels
    """
    given = " and ".join(f"--{name}" for name in options)
    if present == FORMAT:
        what = f"it has format {FORMAT} already, so nothing was written"
        todo = ", ".join(f'"{name}": "{value}"' for name, value in options.items())
        raise ExportError(str(folder), what, f"set {todo} in the input of its {declared_in}, without {given}")
    if kind not in _PIXELS:
        what = f"its input is {kind!r}, which does not have {given}"
        raise ExportError(str(folder), what, "run the command without these options")


def _input(
    given: dict[str, Any], outputs: list[dict[str, Any]], options: dict[str, str], said: list[str]
) -> dict[str, Any]:
    """An input of format 1 as it is declared now."""
    if given["kind"] not in _PIXELS:
        return given
    kernel = given.get("kernel", "linear")
    # Ultralytics scales with OpenCV.
    is_yolo = any(output["kind"] == "yolo" for output in outputs)
    resample = "opencv-linear" if is_yolo and kernel == "linear" else _RESAMPLE[kernel]
    declared: dict[str, str] = {"resample": resample}
    if is_yolo:
        declared["color"] = "opencv"
    fit = given.get("fit", "stretch")
    if given["kind"] == "image-prompts" and fit == "letterbox" and given.get("fill", 0) == 0:
        # Segment Anything pads what is normalised already.
        declared["pad"] = "after"
    declared |= options
    said += [f'the input has "{name}": "{value}" now' for name, value in declared.items()]
    # Format 1 took no notice of options that mean nothing for the fit.
    dropped = {name for name, fits in _OPTIONS_OF.items() if fit not in fits}
    return {**{name: value for name, value in given.items() if name not in dropped}, **declared}


def _serving(model: Path) -> Path:
    """The folder of the version that `active` names, else of the newest."""
    versions = sorted(model.glob("versions/????????-??????-??????"))
    active = model / "active"
    if active.exists():
        versions = [model / "versions" / active.read_text().strip()]
    if not versions:
        raise ExportError(str(model), "it has no version", "name the folder that model.json is in")
    return versions[-1]


def _files(folder: Path, record: dict[str, Any]) -> VersionFiles:
    files = VersionFiles()
    for name, digest in record["files"].items():
        data = (folder / name).read_bytes()
        if hashlib.sha256(data).hexdigest() != digest:
            raise ExportError(str(folder / name), "it was changed after its export", _TODO)
        files.put(name, data)
    return files


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ExportError(
            str(path), f"cannot be read ({error})", "name the folder that model.json is in"
        ) from error


def main(arguments: list[str] | None = None) -> None:
    """The command line: exits with 1 and one line on stderr when the model cannot be upgraded."""
    parser = argparse.ArgumentParser(
        description="Write a model's newest version anew in the present format of version.json."
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="its folder, such as models/cars")
    parser.add_argument(
        "--resample",
        choices=_FILTERS,
        help="how images are scaled (default: what its kernel was meant to be)",
    )
    parser.add_argument(
        "--color", choices=("pillow", "opencv", "managed"), help="how colours are read (default: pillow)"
    )
    parser.add_argument(
        "--pad", choices=("before", "after"), help="when bars are put: before normalising or after"
    )
    given = vars(parser.parse_args(arguments))
    model = given.pop("model")
    try:
        lines = upgrade(model, {name: value for name, value in given.items() if value is not None})
    except ExportError as error:
        sys.exit(str(error))
    print("\n".join(lines))
