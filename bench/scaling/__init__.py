"""Predicts, by simulation, the throughput of deployments that are larger than this machine."""
