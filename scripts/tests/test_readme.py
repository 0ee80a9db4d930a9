"""README.md: its lists are those of the code, and its examples export."""

import json
import re
import shlex
from pathlib import Path

import joblib
import pandas as pd
import pytest
from conftest import TEXTS, TOPIC
from jobs import Run, write_job

from labelstudio_export import draft
from labelstudio_export.cli import main
from labelstudio_export.context import emitter_keys
from labelstudio_export.steps import step_keys
from labelstudio_train import Job
from labelstudio_train import text as text_trainer

TEXT = (Path(__file__).resolve().parents[1] / "README.md").read_text()
NAMES = set(re.findall(r"`(\w+)`", TEXT))
EXPORTING, _, TRAINING = TEXT.partition("\n## Train\n")
EXAMPLES = re.findall(r"^(\S[^\n]*):\n\n```python\n(.*?)```", EXPORTING, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(("keys", "heading"), [(emitter_keys(), "models"), (step_keys(), "steps")])
def test_lists_are_complete(keys, heading):
    assert draft
    known = {key.partition(".")[2] for key in keys}
    (table,) = re.findall(rf"\| {heading} \| \|\n\|---\|---\|\n((?:\|.*\n)+)", TEXT)
    listed = set(re.findall(r"`([A-Z]\w+)`", table))
    assert listed == known


def test_examples(tmp_path, capsys):
    """In their order: a later one may use what an earlier one imported."""
    names: dict = {}
    assert len(EXAMPLES) >= 8
    for number, (title, code) in enumerate(EXAMPLES):
        exec(code, names)
        joblib.dump(names["model"], tmp_path / "pipeline.joblib")
        rows = pd.DataFrame(names["samples"]).head(30)
        rows.to_csv(tmp_path / "rows.csv", index=False)
        paths = [
            tmp_path / "pipeline.joblib",
            "--samples",
            tmp_path / "rows.csv",
            "--repository",
            tmp_path / "models",
        ]
        try:
            main(
                [str(path) for path in paths] + ["--name", f"example{number}", *shlex.split(names["options"])]
            )
        except SystemExit as end:
            pytest.fail(f"{title}: {end.code}")
        assert "same class on 100.0%" in capsys.readouterr().out


def test_the_trainer_that_it_shows(tmp_path):
    ((trainer, manifest),) = re.findall(r"```python\n(.*?)```.*?```json\n(.*?)```", TRAINING, re.DOTALL)
    script = tmp_path / json.loads(manifest)["train"]["script"]
    script.write_text(trainer)
    outputs = [
        output | {"from_name": "topic", "to_name": "text"} for output in json.loads(manifest)["outputs"]
    ]
    job = write_job(tmp_path / "job", list(zip(TEXTS, TOPIC.tolist(), strict=True)), outputs, key="message")
    done = Run(script, job)
    assert done.code == 0, done.log
    (version,) = done.versions
    record = json.loads((version / "version.json").read_text())
    assert record["outputs"][0]["labels"] == sorted(set(TOPIC.tolist()))
    assert record["parity"]["agreement"] == 1


def test_the_names_that_trainers_use():
    (table,) = re.findall(r"\| of a job \| \|\n\|---\|---\|\n((?:\|.*\n)+)", TEXT)
    names = set(re.findall(r"`job\.(\w+)", table))
    assert all(hasattr(Job, name) or name in Job.__dataclass_fields__ for name in names)
    (options,) = re.findall(r"\| `train_text\.py` \|.*\|(.*)\|\n", TEXT)
    shown = {name: json.loads(value) for name, value in re.findall(r"`(\w+)` \(`?([^`)]+?)`?\)", options)}
    assert shown == text_trainer.DEFAULTS
