"""Writes a version of the model repository, all of it or nothing."""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any

from .errors import ExportError
from .files import VersionFiles, dump_json

# Of version.json. Since 2 the images of a model are scaled as models are trained with.
FORMAT = 2
# The libraries whose versions a record names, where they are installed.
_TOOLS = ("scikit-learn", "numpy", "scipy", "onnx", "skl2onnx", "lightgbm", "xgboost", "torch")


@dataclass
class Draft:
    """A version that is not written yet.

    `outputs` are the `OutputSpec`s of `src/registry/version.ts`; `manifest` is the model.json to write when
    the model has none, None for a version alone; `input` is the version's own input where model.json leaves
    that to the training.
    """

    files: VersionFiles
    outputs: list[dict[str, Any]]
    manifest: dict[str, Any] | None
    metrics: dict[str, Any] = field(default_factory=dict)
    input: dict[str, Any] | None = None
    tools: dict[str, str] = field(default_factory=lambda: tool_versions(_TOOLS))

    def content_hash(self) -> str:
        """SHA-256 (hex) over what the version serves: its files and the meaning of its input and outputs."""
        files = _hashes(self.files)
        content = {"format": FORMAT, "files": files, "outputs": self.outputs, **self.own_input()}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def own_input(self) -> dict[str, Any]:
        """The record's entry of that name, if it has one."""
        return {} if self.input is None else {"input": self.input}


@dataclass
class Stage:
    """A version in its temporary folder. It becomes visible by `commit`, or is removed."""

    folder: Path
    target: Path
    draft: Draft
    created: datetime
    committed: Path | None = None

    def write_record(self, parity: dict[str, Any]) -> None:
        """Writes version.json, replacing an earlier one."""
        record = {
            "format": FORMAT,
            "created": self.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "files": _hashes(self.draft.files),
            **self.draft.own_input(),
            "outputs": self.draft.outputs,
            "metrics": self.draft.metrics,
            "parity": parity,
            "tools": self.draft.tools,
        }
        (self.folder / "version.json").write_bytes(dump_json(record, indent=2) + b"\n")

    def commit(self, parity: dict[str, Any]) -> Path:
        """Renames the folder to its place, where the server finds it, and returns its new path."""
        self.write_record(parity)
        manifest = _manifest_path(self.target.parent)
        if self.draft.manifest is not None and not manifest.exists():
            # The version comes last: a model.json without versions is a state that the server knows.
            beside = manifest.with_name(f".{manifest.name}-{secrets.token_hex(4)}")
            beside.write_bytes(dump_json(self.draft.manifest, indent=2) + b"\n")
            beside.replace(manifest)
        self.folder.rename(self.target)
        self.committed = self.target
        return self.target


@contextlib.contextmanager
def staged(versions: Path, draft: Draft, created: datetime | None = None) -> Iterator[Stage]:
    """Lays the draft into `<versions>/.tmp-…`; what is not committed is removed at the end.

    :param versions: the model's folder of versions; model.json is beside it
    :raises ExportError: when the model's model.json does not describe such a version
    """
    if draft.manifest is not None:
        check_manifest(_manifest_path(versions), draft.manifest, draft)
    created = created or datetime.now(timezone.utc)
    version = f"{created.strftime('%Y%m%d-%H%M%S')}-{draft.content_hash()[:6]}"
    made = [folder for folder in (versions, *versions.parents) if not folder.exists()]
    folder = versions / f".tmp-{secrets.token_hex(8)}"
    folder.mkdir(parents=True)
    stage = Stage(folder, versions / version, draft, created)
    try:
        for file, data in draft.files.items():
            (folder / file).write_bytes(data)
        stage.write_record({})
        yield stage
    finally:
        if stage.committed is None:
            shutil.rmtree(folder, ignore_errors=True)
            for each in made:
                with contextlib.suppress(OSError):
                    each.rmdir()


def same_content(versions: Path, draft: Draft) -> Path | None:
    """The newest version of the model that already serves exactly this, or None."""
    found = sorted(versions.glob(f"????????-??????-{draft.content_hash()[:6]}"))
    for folder in reversed(found):
        with contextlib.suppress(OSError, ValueError, KeyError):
            record = json.loads((folder / "version.json").read_bytes())
            same = record["files"] == _hashes(draft.files) and record["outputs"] == draft.outputs
            if same and record["format"] == FORMAT and record.get("input") == draft.input:
                return folder
    return None


def check_manifest(path: Path, expected: dict[str, Any], draft: Draft) -> None:
    """Checks that an existing model.json has the input and the outputs of the draft.

    The server reads a version by that input, unless the version has its own: then the kind alone must agree.

    :raises ExportError: when it differs, or cannot be read
    """
    if not path.exists():
        return
    todo = "change or remove that file, or choose another --name"
    try:
        manifest = json.loads(path.read_bytes())
        kind = manifest["input"]["kind"]
        outputs = [output["name"] for output in manifest["outputs"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ExportError(str(path), f"cannot be read ({error!r})", todo) from error
    wanted = expected["input"]["kind"]
    if kind != wanted:
        raise ExportError(str(path), f"the model takes {kind!r}, this pipeline takes {wanted!r}", todo)
    if draft.input is None:
        # As it would be read again: tuples are lists there.
        differing = _differences(manifest["input"], json.loads(dump_json(expected["input"])))
        if differing:
            raise ExportError(str(path), f"its input is not that of this export: {differing}", todo)
    names = [output["name"] for output in draft.outputs]
    if not set(outputs) <= set(names):
        raise ExportError(str(path), f"it names the outputs {outputs}, this pipeline has {names}", todo)


def _differences(present: dict[str, Any], wanted: dict[str, Any]) -> str:
    """The options of two inputs that differ, with both values; empty when none does."""
    told = []
    for option in sorted(present.keys() | wanted.keys()):
        here, there = present.get(option), wanted.get(option)
        if here == there and (option in present) == (option in wanted):
            continue
        if isinstance(here, list) and isinstance(there, list):
            # Of long lists, such as columns, what only one of them has.
            only_here = [each for each in here if each not in there]
            only_there = [each for each in there if each not in here]
            if only_here or only_there:
                here, there = only_here, only_there
        mine = _shown(here) if option in present else "missing"
        other = _shown(there) if option in wanted else "none"
        told.append(f"{option!r} is {mine} there, and {other} in this export")
    return "; ".join(told)


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _manifest_path(versions: Path) -> Path:
    return versions.parent / "model.json"


def tool_versions(distributions: tuple[str, ...]) -> dict[str, str]:
    """Versions of Python and of those distributions that are installed."""
    versions = {"python": platform.python_version()}
    for distribution in distributions:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[distribution] = metadata.version(distribution)
    return versions


def _hashes(files: VersionFiles) -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
