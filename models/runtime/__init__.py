"""Inference: sessions, engines, batches, threads."""
