"""Exports a fitted scikit-learn pipeline as a version of a model."""

from labelstudio_export.cli import main

if __name__ == "__main__":
    main()
