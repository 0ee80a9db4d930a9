"""Turns fitted scikit-learn pipelines into model versions that the server serves."""

import os

# ONNX Runtime reports to its maker otherwise, and leaves files in the home folder.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
