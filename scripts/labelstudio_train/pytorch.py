"""The command of trainers that need PyTorch, which the Python that trains may lack."""

from __future__ import annotations

from importlib import import_module

from .job import Job, run
from .reports import fail


def run_torch(trainer: str) -> None:
    """Trains with PyTorch, or says what to install.

    :param trainer: the function of `labelstudio_torch.training` that does it
    """

    def train(job: Job) -> None:
        job.report(0.05, "starting PyTorch")
        try:
            trainers = import_module("labelstudio_torch.training")
        except ModuleNotFoundError as error:
            fail(
                f"the Python that trains has no {error.name}: install scripts/requirements/torch.txt into it"
            )
        getattr(trainers, trainer)(job)

    run(train)
