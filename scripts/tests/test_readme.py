"""README.md: its lists are those of the code, and its examples export."""

import re
import shlex
from pathlib import Path

import joblib
import pandas as pd
import pytest

from labelstudio_export import draft
from labelstudio_export.cli import main
from labelstudio_export.context import emitter_keys
from labelstudio_export.steps import step_keys

TEXT = (Path(__file__).resolve().parents[1] / "README.md").read_text()
NAMES = set(re.findall(r"`(\w+)`", TEXT))
EXAMPLES = re.findall(r"^(\S[^\n]*):\n\n```python\n(.*?)```", TEXT, re.DOTALL | re.MULTILINE)


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
