"""Turns PyTorch models into versions that the server serves, and trains some."""

import os

# What torch's older exporter warns of in C++ is what the comparison finds out.
os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
# ONNX Runtime reports to its maker otherwise, and leaves files in the home folder.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
