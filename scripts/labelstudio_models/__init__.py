"""Models from elsewhere: fetched from package registries, checked, and written as versions."""
