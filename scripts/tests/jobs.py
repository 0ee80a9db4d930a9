"""Job folders as the server writes them, and trainers run on them as it runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1]


def output(control="Choices", name="label", **more):
    return {"name": name, "control": control, "from_name": name, "to_name": "object", **more}


SINGLE = output(choice="single")
MULTIPLE = output(choice="multiple")


def write_job(folder, rows, outputs=(SINGLE,), key="text", kind="text", options=None):
    """:param rows: `(data, target)` of a task to learn from; `(data, target, "held_out")` of another."""

    def value(data):
        """What the server's input kind reads."""
        return data.get(key) if isinstance(data, dict) and kind != "tabular" else data

    folder.mkdir(parents=True, exist_ok=True)
    tasks = [
        {
            "id": number,
            "data": data if isinstance(data, dict) else {key: data},
            "value": value(data),
            "annotations": [{"id": number, "result": [], "was_cancelled": False}],
            "split": split[0] if split else "train",
            "targets": {outputs[0]["name"]: target},
        }
        for number, (data, target, *split) in enumerate(rows, start=1)
    ]
    lines = "".join(json.dumps(task, ensure_ascii=False) + "\n" for task in tasks)
    # The server writes JSON as Node does: a lone surrogate as an escape, everything else as it is.
    (folder / "tasks.jsonl").write_text(lines, encoding="utf-8")
    (folder / "label_config.xml").write_text("<View/>")
    context = {
        "format": 1,
        "job": "1",
        "model": "m",
        "project": "7",
        "manifest": {},
        "options": options or {},
        "parent": None,
        "input": {"kind": kind, "shown": f"under {key!r}"},
        "outputs": list(outputs),
        "counts": {"tasks": len(tasks), "held_out": 0, "left_out": 0, "labels": {}},
    }
    (folder / "context.json").write_text(json.dumps(context))
    return folder


class Run:
    """A trainer's run on a job folder, in the folder, with an environment that knows nothing of this one."""

    def __init__(self, script, folder):
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SCRIPTS)}
        done = subprocess.run(
            [sys.executable, script, "--job", str(folder)],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.code = done.returncode
        self.log = done.stderr
        self.reports = [json.loads(line) for line in done.stdout.splitlines()]
        self.versions = sorted((folder / "out").glob("*")) if (folder / "out").exists() else []

    def version(self):
        """The folder and the record of the one version of a run that went well."""
        assert (self.code, self.log) == (0, ""), self.log
        progress = [report["progress"] for report in self.reports]
        assert progress == sorted(progress) and progress[-1] == 1 and len(set(progress)) > 4
        assert all(set(report) == {"progress", "message"} for report in self.reports)
        (folder,) = self.versions
        return folder, json.loads((folder / "version.json").read_text())

    def error(self):
        """The sentence of a run that failed as foreseen."""
        assert self.code == 1 and self.log == "" and self.versions == []
        (error,) = [report["error"] for report in self.reports if "error" in report]
        assert "\n" not in error and "Traceback" not in error
        return error
