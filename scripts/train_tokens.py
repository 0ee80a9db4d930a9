"""The trainer of recipes that mark spans in texts: labels of words, by a small network of PyTorch."""

from labelstudio_train import Job, fail, run


def train(job: Job) -> None:
    """Trains with PyTorch, or says what to install."""
    job.report(0.05, "starting PyTorch")
    try:
        from labelstudio_torch.training import train_tokens
    except ModuleNotFoundError as error:
        fail(f"the Python that trains has no {error.name}: install scripts/requirements/torch.txt into it")
    train_tokens(job)


if __name__ == "__main__":
    run(train)
