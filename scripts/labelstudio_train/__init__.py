"""Trains versions of models from the annotations of a job."""

from .job import Example, Job, run
from .reports import TrainingError, fail

__all__ = ["Example", "Job", "TrainingError", "fail", "run"]
