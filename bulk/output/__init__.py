"""The output folder of a run: part files, errors and the manifest."""
