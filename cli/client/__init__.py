"""The commands that are clients of a deployment: `analyze`, `verify`, `jobs`, `batches` and `services`."""
