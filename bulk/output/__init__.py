"""The folder of a run: parts, formats, manifest."""
