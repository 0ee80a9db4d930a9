"""ONNX Runtime reports to its maker unless a variable is set before its first session."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("package", ["labelstudio_export", "labelstudio_torch"])
def test_is_off_in_exporters_and_trainers(package: str) -> None:
    program = f"import os, {package}; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert ended.stdout == "1\n"
