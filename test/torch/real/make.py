"""Makes files with the real tools, and serves them: `make.py TOOL REPOSITORY NAME...`.

`TOOL.json` has the cases: which file to make, and what declares it to the server. Each becomes a model of the
repository. What the tool itself finds with the file goes to stdout, as JSON. Files and answers stay in
`.cache/real` as long as none of what makes them changes.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(HERE), str(ROOT / "scripts")]

from labelstudio_export.files import VersionFiles  # noqa: E402
from labelstudio_export.writer import Draft, staged  # noqa: E402
from shapes import draw  # noqa: E402

_SHARED = ["shapes.py", "answers.py"]
_LOCK = ROOT / "scripts" / "requirements" / "torch-test.txt"


def cache_of(tool: str) -> Path:
    """A folder for what the present makers and tools make."""
    sources = [HERE / name for name in _SHARED] + sorted(HERE.glob(f"{tool}_*.py")) + [_LOCK]
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()
    return ROOT / ".cache" / "real" / f"{tool}-{digest[:12]}"


def made(tool: str, case: dict[str, Any], cache: Path, pictures: list) -> tuple[bytes, list]:
    """The file of a case and what the tool finds with it, of the cache if it is there."""
    declared = ("input", "outputs", "controls", "sample", "about")
    about = {key: value for key, value in case.items() if key not in declared}
    key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:12]
    graph, answers = (cache / f"{case['name']}-{key}.{kind}" for kind in ("onnx", "json"))
    if not answers.exists():
        # Tools tell on stdout how far they are.
        with contextlib.redirect_stdout(sys.stderr):
            found = importlib.import_module(f"{tool}_files").make(case, pictures, cache, graph)
        answers.write_text(json.dumps(found))
    return graph.read_bytes(), json.loads(answers.read_text())


def write(repository: Path, case: dict[str, Any], table: dict[str, Any], graph: bytes) -> None:
    """Writes the model of a case."""
    files = VersionFiles()
    files.put("model.onnx", graph)
    given = case["input"]
    manifest = {
        "format": 1,
        "title": case["name"],
        "input": {"kind": "image", **(table["inputs"][given] if isinstance(given, str) else given)},
        "outputs": [
            {"name": output["name"], "control": control, **_options(case, control)}
            for output, control in zip(case["outputs"], case["controls"], strict=True)
        ],
    }
    outputs = [{**output, "labels": case.get("labels", table["labels"])} for output in case["outputs"]]
    with staged(repository / case["name"] / "versions", Draft(files, outputs, manifest)) as stage:
        stage.commit({})


def _options(case: dict[str, Any], control: str) -> dict[str, Any]:
    """What a control of a model needs to know."""
    if control == "Choices":
        return {"choice": "single"}
    return {"model_score_threshold": case["score"]} if "score" in case else {}


def main(tool: str, repository: Path, names: list[str]) -> None:
    """Makes the cases of these names."""
    table = json.loads((HERE / f"{tool}.json").read_text())
    cache = cache_of(tool)
    pictures = draw(cache / "pictures")
    told = {}
    for name in names:
        (case,) = (case for case in table["cases"] if case["name"] == name)
        graph, found = made(tool, case, cache, pictures)
        write(repository, case, table, graph)
        told[name] = {str(picture.path): each for picture, each in zip(pictures, found, strict=True)}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
