"""Executors of bulk runs: they send photos to a deployment, and collect the results."""
