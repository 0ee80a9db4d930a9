"""Turns fitted scikit-learn pipelines into model versions that the server serves."""
