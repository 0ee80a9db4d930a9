"""Writes the newest version of a model anew in the present format of version.json; needs Python alone."""

from labelstudio_export.upgrade import main

if __name__ == "__main__":
    main()
