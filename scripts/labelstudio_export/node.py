"""The server's own code in Node, as a process that runs versions on values."""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .errors import ExportError
from .files import dump_json

_RUNNER = Path(__file__).resolve().parents[2] / "dist" / "cli" / "run-version.js"


def run_version(folder: Path, values: Sequence[Any]) -> list[dict[str, Any]]:
    """The server's answers to some values, a text or a task's data each.

    :returns: for each value `{"values": {output: [numbers]}, "chosen": {output: [class indices]}}`, or
        `{"error": {"code", "message"}}`
    :raises ExportError: when Node or the compiled server is missing, or the version does not load
    """
    process = _process()
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(dump_json({"folder": str(folder), "values": list(values)}) + b"\n")
        process.stdin.flush()
        line = process.stdout.readline()
    except BrokenPipeError:
        line = b""
    if not line:
        _process.cache_clear()
        code = process.wait()
        raise ExportError(
            "parity gate", f"Node ended with exit code {code}", "nothing was written; see above for why"
        )
    reply = json.loads(line)
    if "failed" in reply:
        raise ExportError(
            "parity gate",
            f"the server cannot run the exported model: {reply['failed']}",
            "nothing was written",
        )
    return reply["answers"]


@functools.cache
def _process() -> subprocess.Popen[bytes]:
    """The running process; it ends with this one."""
    node = os.environ.get("NODE") or shutil.which("node")
    if node is None or not _RUNNER.exists():
        missing = "node is not on the PATH" if node is None else f"{_RUNNER} is missing"
        raise ExportError(
            "parity gate", f"it runs the server's own code, and {missing}", "run `make setup` first"
        )
    process = subprocess.Popen([node, str(_RUNNER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    atexit.register(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    process.wait()
